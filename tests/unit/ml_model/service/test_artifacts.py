"""Artifacts: what they are made of, and that no stranger's is opened."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

from fleet.catalogue import Preprocessing, build_pipeline, models_for
from ml_model.service.artifacts import UntrustedArtifactError, make_artifact, open_artifact
from ml_model.service.onnx_form import to_onnx_form

KEY = b"a key of the test"
FEATURES, TARGET = load_wine(return_X_y=True)


def fitted(
    model: str = "LogisticRegression", preprocessing: Preprocessing = "standard_scaler", **hyper: Any
) -> Pipeline:
    pipeline = build_pipeline(model, hyper, classes=3, preprocessing=preprocessing)
    return pipeline.fit(FEATURES, TARGET.astype(float))


@pytest.mark.parametrize("preprocessing", ["standard_scaler", "none"])
@pytest.mark.parametrize(
    ("model", "hyperparameters"),
    [
        ("LogisticRegression", {"max_iter": 5000}),
        ("LogisticRegression", {"solver": "liblinear"}),
        ("RandomForest", {}),
        ("SVC", {}),
        ("SVC", {"kernel": "linear"}),
        ("SVC", {"kernel": "poly", "gamma": "auto", "max_iter": 10000}),
    ],
)
@pytest.mark.filterwarnings(
    "ignore:Solver terminated early"
)  # an unscaled polynomial kernel converges slowly
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # unscaled wine, which is the point here
def test_every_model_of_the_catalogue_is_kept_as_onnx_and_predicts_the_same(
    model: str, hyperparameters: dict[str, Any], preprocessing: Preprocessing
) -> None:
    pipeline = fitted(model, preprocessing, **hyperparameters)
    artifact = make_artifact(pipeline, FEATURES, KEY)
    assert artifact.format == "onnx"
    missing = FEATURES.copy()
    missing[::3, 4] = np.nan
    predictor = open_artifact(artifact, KEY)
    for rows in (FEATURES, missing):
        assert (predictor.predict(rows).labels == pipeline.predict(rows)).all()


def test_probabilities_are_those_of_the_predicted_class() -> None:
    pipeline = fitted()
    predicted = open_artifact(make_artifact(pipeline, FEATURES, KEY), KEY).predict(FEATURES)
    assert predicted.probabilities is not None
    np.testing.assert_allclose(
        predicted.probabilities, pipeline.predict_proba(FEATURES).max(axis=1), atol=1e-6
    )


def test_a_model_without_probabilities_has_none() -> None:
    predicted = open_artifact(make_artifact(fitted("SVC"), FEATURES, KEY), KEY).predict(FEATURES)
    assert predicted.probabilities is None


def unconvertible() -> Pipeline:
    pipeline = build_pipeline("SVC", {}, classes=3)
    pipeline.steps[-1] = ("estimator", HistGradientBoostingClassifier(max_iter=3, categorical_features=[0]))
    features = FEATURES.copy()
    features[:, 0] = np.round(features[:, 0])
    return pipeline.set_params(scaling="passthrough").fit(features, TARGET.astype(float))


def test_what_cannot_be_converted_is_kept_signed_and_predicts_the_same() -> None:
    pipeline = unconvertible()
    artifact = make_artifact(pipeline, FEATURES, KEY)
    assert artifact.format == "joblib"
    assert (open_artifact(artifact, KEY).predict(FEATURES).labels == pipeline.predict(FEATURES)).all()


def test_what_disagrees_in_onnx_is_kept_in_joblib_form(monkeypatch: pytest.MonkeyPatch) -> None:
    other = build_pipeline("LogisticRegression", {"C": 1e-6}, classes=3).fit(
        FEATURES, TARGET[::-1].astype(float)
    )
    wrong = to_onnx_form(other, FEATURES.shape[1])
    monkeypatch.setattr("ml_model.service.artifacts.to_onnx_form", lambda *_: wrong)
    assert make_artifact(fitted(), FEATURES, KEY).format == "joblib"


@pytest.mark.parametrize("signature", [None, b"", b"0" * 32])
def test_a_joblib_artifact_without_our_signature_is_never_opened(
    signature: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = make_artifact(unconvertible(), FEATURES, KEY)
    monkeypatch.setattr("joblib.load", lambda _: pytest.fail("opened an unsigned artifact"))
    with pytest.raises(UntrustedArtifactError):
        open_artifact(replace(artifact, signature=signature), KEY)
    with pytest.raises(UntrustedArtifactError):
        open_artifact(artifact, b"another key")
    with pytest.raises(UntrustedArtifactError):
        open_artifact(replace(artifact, data=artifact.data + b"x"), KEY)


STATIONS = 113
CATEGORIES = (0, STATIONS, 0)


def fires(rows: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """A distance, a station and an hour, some of each missing; and the seconds."""
    random = np.random.default_rng(0)
    station = random.integers(0, STATIONS, rows)
    features = np.column_stack([random.uniform(0, 5, rows), station, random.integers(0, 24, rows)])
    seconds = 200 + 40 * features[:, 0] + station % 7 * 10 + random.normal(0, 20, rows)
    features[random.random(features.shape) < 0.03] = np.nan
    return features, seconds


def fitted_on_fires(model: str, preprocessing: Preprocessing, **hyper: Any) -> Pipeline:
    options: dict[str, Any] = {"preprocessing": preprocessing, "categories": CATEGORIES}
    return build_pipeline(model, hyper, classes=0, **options).fit(*fires())


@pytest.mark.parametrize("preprocessing", ["standard_scaler", "none"])
@pytest.mark.parametrize(
    ("model", "hyperparameters", "tolerance"),
    [
        ("LinearRegression", {}, 1e-9),
        ("LinearRegression", {"fit_intercept": False}, 1e-9),
        ("Ridge", {"alpha": 3}, 1e-9),
        ("RandomForestRegressor", {"n_estimators": 10}, 1e-5),
        ("GradientBoostingRegressor", {"n_estimators": 30}, 1e-5),
    ],
)
def test_every_regressor_is_kept_as_onnx_and_predicts_the_same_numbers(
    model: str, hyperparameters: dict[str, Any], tolerance: float, preprocessing: Preprocessing
) -> None:
    pipeline = fitted_on_fires(model, preprocessing, **hyperparameters)
    features, _ = fires()
    artifact = make_artifact(pipeline, features, KEY)
    assert artifact.format == "onnx"
    predicted = open_artifact(artifact, KEY).predict(features)
    assert predicted.probabilities is None
    np.testing.assert_allclose(predicted.labels, pipeline.predict(features), rtol=tolerance)


def test_categories_that_are_missing_or_unknown_are_the_same_in_onnx() -> None:
    pipeline = fitted_on_fires("LinearRegression", "standard_scaler")
    predictor = open_artifact(make_artifact(pipeline, fires()[0], KEY), KEY)
    rows = np.array([[2.0, np.nan, 5.0], [2.0, STATIONS, 5.0], [2.0, -1.0, 5.0], [np.nan, np.nan, np.nan]])
    np.testing.assert_allclose(predictor.predict(rows).labels, pipeline.predict(rows), rtol=1e-9)


@pytest.mark.parametrize("model", models_for("classification"))
def test_classifiers_with_categories_are_kept_as_onnx(model: str) -> None:
    features, seconds = fires(300)
    late = (seconds > np.median(seconds)).astype(float)
    pipeline = build_pipeline(model, {}, classes=2, categories=CATEGORIES).fit(features, late)
    artifact = make_artifact(pipeline, features, KEY)
    assert artifact.format == "onnx"
    assert (open_artifact(artifact, KEY).predict(features).labels == pipeline.predict(features)).all()


def test_numbers_that_disagree_in_onnx_are_kept_in_joblib_form(monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = fitted_on_fires("Ridge", "none")
    wrong = to_onnx_form(fitted_on_fires("Ridge", "none", alpha=1.01), 3)
    monkeypatch.setattr("ml_model.service.artifacts.to_onnx_form", lambda *_: wrong)
    artifact = make_artifact(pipeline, fires()[0], KEY)
    assert artifact.format == "joblib"
    np.testing.assert_array_equal(
        open_artifact(artifact, KEY).predict(fires()[0]).labels, pipeline.predict(fires()[0])
    )
