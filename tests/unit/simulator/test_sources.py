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
from simulator.service.sources import read_source


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


def test_wine_holds_scikit_learns_rows() -> None:
    wine = read_definitions(SimulatorSettings().use_cases_dir)["wine"]
    source = read_source(wine)
    features, target = load_wine(return_X_y=True)
    np.testing.assert_array_equal(source.features, features)
    np.testing.assert_array_equal(source.target, target)


@pytest.mark.parametrize("features", [1, 2, 13, 40])
@pytest.mark.parametrize("classes", [2, 3, 30])
def test_synthetic_rows_have_the_asked_shape_and_balanced_classes(features: int, classes: int) -> None:
    source = read_source(synthetic(features=features, classes=classes))
    assert source.features.shape == (300, features)
    assert np.bincount(source.target.astype(int)).tolist() == [300 // classes] * classes


def test_synthetic_rows_are_always_the_same_for_a_seed() -> None:
    first = read_source(synthetic())
    np.testing.assert_array_equal(read_source(synthetic()).features, first.features)
    assert not np.array_equal(read_source(synthetic(seed=1)).features, first.features)


def test_a_model_learns_synthetic_classes_but_not_perfectly() -> None:
    source = read_source(synthetic(rows=3000))
    model = LogisticRegression().fit(source.features[:2000], source.target[:2000])
    assert 0.7 < model.score(source.features[2000:], source.target[2000:]) < 1


def test_a_synthetic_number_depends_on_the_features_but_not_wholly() -> None:
    source = read_source(synthetic("regression", rows=3000))
    model = LinearRegression().fit(source.features[:2000], source.target[:2000])
    assert 0.5 < model.score(source.features[2000:], source.target[2000:]) < 1


@pytest.mark.parametrize(
    "source", [{"rows": 49}, {"rows": 299, "classes": 30}, {"classes": 1}, {"seed": -1}, {"colour": 1}]
)
def test_a_synthetic_source_that_cannot_be_split_is_refused(source: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        synthetic(**source)
