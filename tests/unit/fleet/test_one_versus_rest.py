"""Class weights where one model per class is fitted."""

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from fleet.catalogue import ClassWeightError, build_pipeline, check_hyperparameters
from fleet.one_versus_rest import of_scikit_learn_alone

FEATURES, TARGET = load_wine(return_X_y=True)
SCALED = StandardScaler().fit_transform(FEATURES)
COUNTS = np.bincount(TARGET)
BALANCED = dict(enumerate(len(TARGET) / (3 * COUNTS)))


def probabilities(class_weight: Any, **hyperparameters: Any) -> np.ndarray:
    hyperparameters |= {"solver": "liblinear", "class_weight": class_weight}
    fitted = build_pipeline("LogisticRegression", hyperparameters, classes=3).fit(FEATURES, TARGET)
    made: np.ndarray = fitted.predict_proba(FEATURES)
    return made


def weighed_row_by_row(weights: dict[int, float], **hyperparameters: Any) -> np.ndarray:
    """One binary model per class, each row with its own class's weight."""
    rows = np.array([weights.get(label, 1) for label in TARGET])
    alone = []
    for label in range(3):
        model = LogisticRegression(solver="liblinear", random_state=42, **hyperparameters)
        model.fit(SCALED, (label == TARGET).astype(int), sample_weight=rows)
        alone.append(model.predict_proba(SCALED)[:, 1])
    told = np.column_stack(alone)
    made: np.ndarray = told / told.sum(axis=1, keepdims=True)
    return made


@pytest.mark.parametrize(
    ("class_weight", "weights"),
    [
        ({"0": 1, "1": 20, "2": 1}, {0: 1, 1: 20, 2: 1}),
        ({"2": 5}, {2: 5}),  # the others weigh 1
        ({"0": 0.1, "1": 3}, {0: 0.1, 1: 3}),
        ("balanced", BALANCED),
    ],
)
@pytest.mark.parametrize("hyperparameters", [{"C": 0.05}, {"l1_ratio": 1.0}, {"intercept_scaling": 5}])
def test_each_row_weighs_what_its_class_weighs(
    class_weight: Any, weights: dict[int, float], hyperparameters: dict[str, Any]
) -> None:
    np.testing.assert_allclose(
        probabilities(class_weight, **hyperparameters),
        weighed_row_by_row(weights, **hyperparameters),
        atol=1e-9,
    )


def test_equal_weights_change_nothing() -> None:
    np.testing.assert_allclose(probabilities({"0": 1, "1": 1, "2": 1}), probabilities(None), atol=1e-12)


@pytest.mark.parametrize("class_weight", [{"7": 2}, {"0": 0, "1": 1, "2": 1}, "unbalanced"])
def test_weights_that_do_not_fit_the_classes_are_refused(class_weight: Any) -> None:
    with pytest.raises(ValueError, match="class"):
        probabilities(class_weight)


@pytest.mark.parametrize("weight", [None, -1, float("inf"), float("nan"), 1e300, "nan"])
@pytest.mark.parametrize("model", ["LogisticRegression", "RandomForest", "SVC"])
def test_a_weight_that_no_row_could_have_is_refused_by_name(model: str, weight: Any) -> None:
    with pytest.raises(ClassWeightError, match="class '1'"):
        check_hyperparameters(model, {"class_weight": {"0": 1, "1": weight}})


def test_the_unfitted_model_can_be_cloned_with_its_weights() -> None:
    built = build_pipeline("LogisticRegression", {"solver": "liblinear", "class_weight": {"1": 9}}, classes=3)
    twice = [clone(built).fit(FEATURES, TARGET).predict_proba(FEATURES) for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    np.testing.assert_allclose(twice[0], weighed_row_by_row({1: 9}), atol=1e-9)


def test_the_fitted_pipeline_can_be_opened_where_the_fleet_is_not(tmp_path: Path) -> None:
    built = build_pipeline(
        "LogisticRegression", {"solver": "liblinear", "class_weight": "balanced"}, classes=3
    )
    fitted = of_scikit_learn_alone(built.fit(FEATURES, TARGET))
    assert type(fitted["estimator"]) is OneVsRestClassifier
    (tmp_path / "model").write_bytes(pickle.dumps(fitted))
    (tmp_path / "rows.json").write_text(json.dumps(FEATURES[:5].tolist()))
    code = (
        "import json, pickle; m = pickle.load(open('model', 'rb'));"
        "print(json.dumps(m.predict_proba(json.load(open('rows.json'))).tolist()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=280
    )
    np.testing.assert_allclose(json.loads(told.stdout), weighed_row_by_row(BALANCED)[:5], atol=1e-9)
