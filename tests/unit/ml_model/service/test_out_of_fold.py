"""Out-of-fold predictions: those of scikit-learn's own cross-validation, or none."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

from fleet.catalogue import build_pipeline
from fleet.settings import SEED
from ml_model.persistence.model.deployment import ModelChoice
from ml_model.service.out_of_fold import predict_out_of_fold

FEATURES, TARGET = load_wine(return_X_y=True)
CLASSES = TARGET.astype(float)


def choice(model_name: str, **hyperparameters: Any) -> ModelChoice:
    return ModelChoice(
        model_name=model_name, hyperparameters=hyperparameters, preprocessing="standard_scaler"
    )


def by_hand(model_name: str, target: Any, folds: Any, method: str) -> Any:
    pipeline = build_pipeline(model_name, {}, classes=len(np.unique(target)))
    return cross_val_predict(pipeline, FEATURES, target, cv=folds, method=method)


@pytest.mark.parametrize("model_name", ["LogisticRegression", "RandomForest"])
def test_models_with_probabilities_say_how_sure_they_are(model_name: str) -> None:
    told = predict_out_of_fold(choice(model_name), FEATURES, CLASSES)
    assert told is not None
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    by_class = by_hand(model_name, CLASSES, folds, "predict_proba")
    assert told.probabilities is not None
    np.testing.assert_allclose(told.probabilities, by_class.max(axis=1), atol=1e-12)
    np.testing.assert_array_equal(told.predictions, by_class.argmax(axis=1))


def test_others_say_only_what_they_predict() -> None:
    told = predict_out_of_fold(choice("SVC"), FEATURES, CLASSES)
    assert told is not None
    expected = by_hand("SVC", CLASSES, StratifiedKFold(5, shuffle=True, random_state=SEED), "predict")
    np.testing.assert_array_equal(told.predictions, expected)
    assert told.probabilities is None


def test_regressions_do_too() -> None:
    proline = FEATURES[:, -1] + CLASSES
    told = predict_out_of_fold(choice("Ridge"), FEATURES, proline)
    assert told is not None
    expected = by_hand("Ridge", proline, KFold(5, shuffle=True, random_state=SEED), "predict")
    assert told.probabilities is None
    np.testing.assert_allclose(told.predictions, expected, rtol=1e-9)


def test_there_are_no_more_folds_than_rows_of_a_class_and_none_with_a_single_one() -> None:
    few = np.flatnonzero(CLASSES != 2)
    for more, exists in ((1, False), (2, True)):
        rows = np.concatenate([few, np.flatnonzero(CLASSES == 2)[:more]])
        told = predict_out_of_fold(choice("SVC"), FEATURES[rows], CLASSES[rows])
        assert (told is not None) == exists
    assert predict_out_of_fold(choice("Ridge"), FEATURES[:1], CLASSES[:1]) is None


def test_a_row_that_the_model_of_the_others_cannot_compute_with_leaves_none() -> None:
    features = FEATURES.copy()
    features[7, 1] = 1e300
    assert predict_out_of_fold(choice("RandomForest", n_estimators=5), features, CLASSES) is None
