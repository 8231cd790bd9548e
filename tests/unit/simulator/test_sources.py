"""Where rows come from."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression

from simulator.config.settings import SimulatorSettings
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.persistence.repository.definitions import read_definitions
from simulator.service.source import Rows
from simulator.service.sources import open_source


def synthetic(task: str = "classification", features: int = 13, **source: Any) -> SimulatedUseCase:
    return SimulatedUseCase.model_validate(
        {
            "name": "clouds",
            "task": task,
            "target": "cloud",
            "features": [{"name": f"f{number}"} for number in range(features)],
            "source": {"kind": "synthetic", "rows": 300, **source},
        }
    )


def every_row(use_case: SimulatedUseCase) -> Rows:
    source = open_source(use_case)
    return source.rows(np.arange(source.count))


def test_wine_holds_scikit_learns_rows() -> None:
    wine = read_definitions(SimulatorSettings().use_cases_dir)["wine"]
    source = every_row(wine)
    features, target = load_wine(return_X_y=True)
    np.testing.assert_array_equal(source.features, features)
    np.testing.assert_array_equal(source.target, target)


@pytest.mark.parametrize("features", [1, 2, 13, 40])
@pytest.mark.parametrize("classes", [2, 3, 30])
def test_synthetic_rows_have_the_asked_shape_and_balanced_classes(features: int, classes: int) -> None:
    source = every_row(synthetic(features=features, classes=classes))
    assert source.features.shape == (300, features)
    assert np.bincount(source.target.astype(int)).tolist() == [300 // classes] * classes


def test_synthetic_rows_are_always_the_same_for_a_seed() -> None:
    first = every_row(synthetic())
    np.testing.assert_array_equal(every_row(synthetic()).features, first.features)
    assert not np.array_equal(every_row(synthetic(seed=1)).features, first.features)


def test_a_model_learns_synthetic_classes_but_not_perfectly() -> None:
    source = every_row(synthetic(rows=3000))
    model = LogisticRegression().fit(source.features[:2000], source.target[:2000])
    assert 0.7 < model.score(source.features[2000:], source.target[2000:]) < 1


def test_a_synthetic_number_depends_on_the_features_but_not_wholly() -> None:
    source = every_row(synthetic("regression", rows=3000))
    model = LinearRegression().fit(source.features[:2000], source.target[:2000])
    assert 0.5 < model.score(source.features[2000:], source.target[2000:]) < 1


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_rows_that_are_asked_for_together_are_always_the_same(task: str) -> None:
    index = np.array([7, 3, 250])
    first, second = (open_source(synthetic(task)).rows(index) for _ in range(2))
    np.testing.assert_array_equal(first.features, second.features)
    np.testing.assert_array_equal(first.target, second.target)


def test_only_classes_are_stratified_by() -> None:
    assert open_source(synthetic("regression")).classes is None
    source = open_source(synthetic())
    assert source.classes is not None
    np.testing.assert_array_equal(source.classes[[5, 9]], source.rows(np.array([5, 9])).target)


def test_no_rows_at_all_can_be_asked_for() -> None:
    assert open_source(synthetic()).rows(np.array([], dtype=np.int64)).features.shape == (0, 13)


@pytest.mark.parametrize(
    "source", [{"rows": 49}, {"rows": 299, "classes": 30}, {"classes": 1}, {"seed": -1}, {"colour": 1}]
)
def test_a_synthetic_source_that_cannot_be_split_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        synthetic(**source)
