"""A smoothed bootstrap: other rows, and the same distribution."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats  # type: ignore[import-untyped]
from sklearn.datasets import load_wine

from db.definition import Feature, FeatureType
from simulator.service.resampling import Resampler

Floats = npt.NDArray[np.float64]
ROWS = 2000


def numbers(count: int) -> list[Feature]:
    return [Feature(name=f"f{number}") for number in range(count)]


def drawn(
    features: Floats,
    target: Floats,
    kinds: list[Feature],
    classes: npt.NDArray[np.int64] | None,
    seed: int = 1,
) -> tuple[Floats, Floats]:
    return Resampler(features, target, kinds, classes).draw(ROWS, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def wine() -> tuple[Floats, npt.NDArray[np.int64]]:
    features, classes = load_wine(return_X_y=True)
    return features, classes.astype(np.int64)


def test_no_row_is_one_of_the_source_or_another_and_columns_are_distributed_alike(
    wine: tuple[Floats, npt.NDArray[np.int64]],
) -> None:
    source, classes = wine
    features, target = drawn(source, classes.astype(float), numbers(13), classes)
    assert len(np.unique(np.vstack([source, features]), axis=0)) == len(source) + ROWS
    for column in range(13):
        assert stats.ks_2samp(source[:, column], features[:, column]).pvalue > 0.05, column
    shares = np.bincount(target.astype(int)) / ROWS
    assert shares == pytest.approx(np.bincount(classes) / len(classes), abs=0.03)


def test_mean_variance_and_correlations_of_a_class_stay(
    wine: tuple[Floats, npt.NDArray[np.int64]],
) -> None:
    source, classes = wine
    features, target = drawn(source, classes.astype(float), numbers(13), classes)
    for each in range(3):
        own, found = source[classes == each], features[target == each]
        assert found.std(axis=0) / own.std(axis=0) == pytest.approx(np.ones(13), abs=0.12)
        off = np.abs(found.mean(axis=0) - own.mean(axis=0)) / own.std(axis=0)
        assert off.max() < 0.15
        assert np.abs(np.corrcoef(found.T) - np.corrcoef(own.T)).max() < 0.15


def test_nothing_leaves_the_range_that_the_source_has(wine: tuple[Floats, npt.NDArray[np.int64]]) -> None:
    source, classes = wine
    features, _ = drawn(source, classes.astype(float), numbers(13), classes)
    assert (features >= source.min(axis=0)).all()
    assert (features <= source.max(axis=0)).all()


def test_the_same_seed_draws_the_same_rows(wine: tuple[Floats, npt.NDArray[np.int64]]) -> None:
    source, classes = wine
    told = source, classes.astype(float), numbers(13), classes
    assert np.array_equal(drawn(*told)[0], drawn(*told)[0])
    assert not np.array_equal(drawn(*told)[0], drawn(*told, seed=2)[0])


def test_integers_stay_whole_categories_are_those_of_rows_and_what_is_missing_stays_missing() -> None:
    random = np.random.default_rng(0)
    source = np.column_stack(
        [random.normal(size=500), random.poisson(200, 500), random.choice([0.0, 1.0, 4.0], 500)]
    )
    source[::5, 0] = np.nan
    source[:250, 2] = np.nan
    kinds = [
        Feature(name="number"),
        Feature(name="whole", type=FeatureType.INTEGER),
        Feature(name="name", type=FeatureType.CATEGORY, categories=("a", "b", "c", "d", "e")),
    ]
    features, target = drawn(source, source[:, 1], kinds, None)
    assert np.array_equal(features[:, 1], np.rint(features[:, 1]))
    assert stats.ks_2samp(source[:, 1], features[:, 1]).pvalue > 0.05
    assert len(np.unique(features[:, 1])) > 20
    assert set(np.unique(features[:, 2])[:3]) == {0.0, 1.0, 4.0}
    assert np.isnan(features).mean(axis=0) == pytest.approx([0.2, 0, 0.5], abs=0.04)
    assert set(target) <= set(source[:, 1]), "the target is the row's own"
    assert np.abs(features[:, 1] - target).max() <= 6, "the row stays next to its target"


def test_a_value_that_many_rows_share_stays_as_it_is() -> None:
    random = np.random.default_rng(0)
    source = np.where(random.random((400, 1)) < 0.6, 0.0, random.exponential(size=(400, 1)))
    features, _ = drawn(source, source[:, 0], numbers(1), None)
    assert (features == 0).mean() == pytest.approx((source == 0).mean(), abs=0.04)
    assert features.min() == 0
    assert stats.ks_2samp(source[:, 0], features[:, 0]).pvalue > 0.05


def test_a_class_of_one_row_gives_different_rows_too() -> None:
    random = np.random.default_rng(0)
    source, classes = random.normal(size=(100, 3)), np.repeat([0, 1], [99, 1])
    features, target = drawn(source, classes.astype(float), numbers(3), classes)
    rare = features[target == 1]
    assert len(rare) > 5
    assert len(np.unique(rare, axis=0)) == len(rare)
