"""What each part of a fouling does."""

from dataclasses import replace

import numpy as np
import pytest

from db.definition import Feature, FeatureType
from simulator.service.fouling import (
    BeyondNumbersError,
    Drift,
    Fouling,
    NoClassesError,
    UnknownColumnError,
    foul,
    foul_as_reference,
    refuse_inexact,
    swap_labels,
)

NAMES = ("heat", "cups", "age")
ROWS = 1000


@pytest.fixture
def training() -> np.ndarray:
    """Columns with deviations of 1, 10 and 100."""
    return np.random.default_rng(0).normal(0, [1, 10, 100], (ROWS, 3))


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(1).normal(0, [1, 10, 100], (ROWS, 3))


def test_the_reference_adds_one_offset_and_sets_three_percent_of_each_column_missing() -> None:
    features = np.arange(600.0).reshape(200, 3)
    fouled = foul_as_reference(features)
    missing = np.isnan(fouled)
    assert missing.sum(axis=0).tolist() == [6, 6, 6]
    offset = np.random.RandomState(42).normal(0, 0.3)
    np.testing.assert_array_equal(fouled[~missing], (features + offset)[~missing])


@pytest.mark.parametrize(("rows", "missing"), [(1, 1), (10, 1), (36, 1), (50, 2), (84, 3), (1000, 30)])
def test_the_reference_rounds_the_missing_rows_and_takes_at_least_one(rows: int, missing: int) -> None:
    fouled = foul_as_reference(np.zeros((rows, 2)))
    assert np.isnan(fouled).sum(axis=0).tolist() == [missing, missing]


def test_the_reference_fouls_different_rows_of_each_column() -> None:
    missing = np.isnan(foul_as_reference(np.zeros((200, 3))))
    assert not np.array_equal(missing[:, 0], missing[:, 1])


def test_the_source_is_left_as_it_is(features: np.ndarray, training: np.ndarray) -> None:
    before = features.copy()
    foul(features, training, NAMES, Fouling(shift=1, missing=0.5, outliers=0.5))
    foul_as_reference(features)
    np.testing.assert_array_equal(features, before)


def test_a_fouling_without_any_part_changes_nothing(features: np.ndarray, training: np.ndarray) -> None:
    np.testing.assert_array_equal(foul(features, training, NAMES, Fouling()), features)


def test_shift_is_in_deviations_of_the_training_column(features: np.ndarray, training: np.ndarray) -> None:
    fouled = foul(features, training, NAMES, Fouling(shift=2))
    np.testing.assert_allclose(fouled - features, np.tile(2 * training.std(axis=0), (ROWS, 1)))


def test_deviations_leave_missing_training_values_out(features: np.ndarray, training: np.ndarray) -> None:
    holed = training.copy()
    holed[:10] = np.nan
    fouled = foul(features, holed, NAMES, Fouling(shift=1))
    np.testing.assert_allclose((fouled - features)[0], training[10:].std(axis=0))


def test_scale_multiplies(features: np.ndarray, training: np.ndarray) -> None:
    np.testing.assert_allclose(foul(features, training, NAMES, Fouling(scale=-3)), features * -3)


def test_noise_has_the_asked_deviation(features: np.ndarray, training: np.ndarray) -> None:
    noise = foul(features, training, NAMES, Fouling(noise=0.5)) - features
    np.testing.assert_allclose(noise.std(axis=0), 0.5 * training.std(axis=0), rtol=0.1)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.1 * training.std(axis=0).max())


def test_missing_is_a_share_of_each_column(features: np.ndarray, training: np.ndarray) -> None:
    fouled = foul(features, training, NAMES, Fouling(missing=0.25))
    assert np.isnan(fouled).sum(axis=0).tolist() == [250, 250, 250]


def test_outliers_are_a_share_eight_deviations_off(features: np.ndarray, training: np.ndarray) -> None:
    away = (foul(features, training, NAMES, Fouling(outliers=0.1)) - features) / training.std(axis=0)
    assert (np.abs(away) > 1e-9).sum(axis=0).tolist() == [100, 100, 100]
    np.testing.assert_allclose(np.unique(np.round(away, 6)), [-8, 0, 8])


def test_columns_restrict_it(features: np.ndarray, training: np.ndarray) -> None:
    fouled = foul(features, training, NAMES, Fouling(missing=1, columns=("cups",)))
    assert np.isnan(fouled).all(axis=0).tolist() == [False, True, False]
    np.testing.assert_array_equal(fouled[:, [0, 2]], features[:, [0, 2]])


def test_an_unknown_column_is_named_with_the_known_ones(features: np.ndarray, training: np.ndarray) -> None:
    with pytest.raises(UnknownColumnError, match="milk") as caught:
        foul(features, training, NAMES, Fouling(columns=("heat", "milk")))
    assert all(name in caught.value.message for name in NAMES)


def test_rows_restrict_it_to_the_same_rows_of_every_column(
    features: np.ndarray, training: np.ndarray
) -> None:
    changed = foul(features, training, NAMES, Fouling(shift=1, rows=0.3)) != features
    assert changed.sum(axis=0).tolist() == [300, 300, 300]
    np.testing.assert_array_equal(changed[:, 0], changed[:, 2])


@pytest.mark.parametrize("share", [0.0, 1e-9, 1.0])
def test_extreme_shares_are_taken(features: np.ndarray, training: np.ndarray, share: float) -> None:
    fouled = foul(features, training, NAMES, Fouling(missing=share, outliers=share, rows=share))
    assert fouled.shape == features.shape


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(
    features: np.ndarray, training: np.ndarray
) -> None:
    first = foul(features, training, NAMES, Fouling(noise=1))
    np.testing.assert_array_equal(foul(features, training, NAMES, Fouling(noise=1)), first)
    assert not np.array_equal(foul(features, training, NAMES, Fouling(noise=1, seed=7)), first)


CATEGORIES = (0, 5)


@pytest.fixture
def stations() -> np.ndarray:
    """A number and a category of five, some of it missing."""
    random = np.random.default_rng(2)
    values = np.column_stack([random.normal(0, 1, ROWS), random.integers(0, 5, ROWS).astype(float)])
    values[:50, 1] = np.nan
    return values


def test_the_reference_leaves_categories_but_for_the_missing_ones(stations: np.ndarray) -> None:
    fouled = foul_as_reference(stations, CATEGORIES)
    kept = ~np.isnan(fouled[:, 1])
    assert np.isnan(fouled[50:, 1]).sum() == pytest.approx(30, abs=5)
    np.testing.assert_array_equal(fouled[kept, 1], stations[kept, 1])
    assert (fouled[:, 0] != stations[:, 0]).all()


def test_outliers_and_half_of_the_noise_are_categories_that_are_swapped_for_others(
    stations: np.ndarray,
) -> None:
    fouled = foul(stations, stations, ("x", "station"), Fouling(noise=0.5, outliers=0.1), CATEGORIES)
    known = ~np.isnan(stations[:, 1])
    assert (fouled[known, 1] != stations[known, 1]).sum() == pytest.approx(350, abs=25)
    assert set(np.unique(fouled[known, 1])) == {0, 1, 2, 3, 4}
    np.testing.assert_array_equal(np.isnan(fouled[:, 1]), ~known)


def test_categories_are_neither_shifted_nor_scaled(stations: np.ndarray) -> None:
    fouled = foul(stations, stations, ("x", "station"), Fouling(shift=3, scale=2), CATEGORIES)
    np.testing.assert_array_equal(fouled[:, 1], stations[:, 1])


def test_a_single_category_cannot_be_swapped(stations: np.ndarray) -> None:
    stations[:, 1] = 0
    np.testing.assert_array_equal(foul(stations, stations, ("x", "s"), Fouling(outliers=1), (0, 1))[:, 1], 0)


def test_missing_is_a_share_of_categories_too(stations: np.ndarray) -> None:
    fouled = foul(stations, stations, ("x", "station"), Fouling(missing=1, columns=("station",)), CATEGORIES)
    assert np.isnan(fouled[:, 1]).all()


@pytest.mark.parametrize(
    "fouling", [Fouling(scale=1e6), Fouling(shift=1e6), Fouling(noise=1e6), Fouling(outliers=1.0)]
)
def test_values_beyond_all_numbers_are_refused_by_column(fouling: Fouling) -> None:
    large = np.column_stack([np.arange(20.0), 1.7e307 * np.arange(-10.0, 10)])
    with pytest.raises(BeyondNumbersError, match="values of 'b' would be infinite") as refused:
        foul(large, large, ["a", "b"], fouling)
    assert "fouling.columns" in refused.value.message
    assert np.isfinite(foul(large, large, ["a", "b"], replace(fouling, columns=("a",)))).all()


def test_whole_numbers_that_doubles_skip_are_refused_by_column() -> None:
    features = [Feature(name="a"), Feature(name="b", type=FeatureType.INTEGER)]
    refuse_inexact(np.array([[1e300, 2.0**53 - 1], [np.nan, np.nan]]), features)
    with pytest.raises(BeyondNumbersError, match="'b' would be whole numbers beyond"):
        refuse_inexact(np.array([[1, 2.0**53]]), features)


def test_with_a_drift_rows_are_fouled_the_more_the_later_they_come(
    features: np.ndarray, training: np.ndarray
) -> None:
    fouled = foul(features, training, NAMES, Fouling(shift=2, drift=Drift()))
    moved = (fouled - features) / training.std(axis=0)
    np.testing.assert_allclose(moved, np.linspace(0, 2, ROWS)[:, None] * np.ones(3), atol=1e-9)


def test_with_a_drift_categories_are_swapped_the_more_often_the_later_they_come() -> None:
    features = np.zeros((ROWS, 1))
    fouling = Fouling(noise=1.0, outliers=0.2, drift=Drift())
    swapped = foul(features, features, ("name",), fouling, categories=(4,)) != 0
    shares = [float(part.mean()) for part in np.array_split(swapped, 5)]
    assert shares == pytest.approx([0.25, 0.35, 0.45, 0.55, 0.65], abs=0.1)


def test_a_drift_from_the_whole_to_the_whole_is_none(features: np.ndarray, training: np.ndarray) -> None:
    fouling = Fouling(shift=1, scale=2, noise=0.5)
    whole = replace(fouling, drift=Drift(1, 1))
    np.testing.assert_allclose(
        foul(features, training, NAMES, whole), foul(features, training, NAMES, fouling)
    )


def test_labels_are_swapped_of_the_rows_that_are_fouled_and_to_any_other_class(
    features: np.ndarray, training: np.ndarray
) -> None:
    target, classes = np.repeat([0.0, 3.0, 7.0, 9.0], ROWS // 4), np.array([0, 3, 7, 9])
    fouling = Fouling(shift=1, rows=0.5, swap_labels=0.4)
    swapped = swap_labels(target, classes, fouling)
    changed = swapped != target
    assert changed.sum() == 200
    assert (foul(features, training, NAMES, fouling) != features).any(axis=1)[changed].all()
    for each in classes:
        assert set(swapped[changed & (target == each)]) == set(classes) - {each}


def test_only_classes_can_be_swapped() -> None:
    with pytest.raises(NoClassesError, match=r"fouling\.swap_labels"):
        swap_labels(np.arange(4.0), None, Fouling(swap_labels=0.1))
    one = np.zeros(4)
    assert swap_labels(one, np.array([0]), Fouling(swap_labels=1.0)) is one
