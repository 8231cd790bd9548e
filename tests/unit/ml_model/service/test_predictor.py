"""Models in both forms: the same answers, of the same class, alone and among others."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from sklearn.datasets import load_wine
from sklearn.pipeline import Pipeline

from fleet.catalogue import build_pipeline
from ml_model.service.agreement import agrees, probe_rows
from ml_model.service.artifacts import make_artifact, open_artifact
from ml_model.service.onnx_form import to_onnx_form
from ml_model.service.predictor import OnnxPredictor, PipelinePredictor, Predicted

KEY = b"a key of the test"
FEATURES, TARGET = load_wine(return_X_y=True)
RANDOM = np.random.default_rng(0)
SPREAD = FEATURES.std(axis=0)
NEAR = FEATURES.mean(axis=0) + 2 * SPREAD * RANDOM.normal(size=(1500, 13))
FAR = FEATURES.mean(axis=0) + 1e6 * SPREAD * RANDOM.uniform(-1, 1, (300, 13))
HUGE = RANDOM.choice([-1e300, 1e300], (50, 13))


def fitted(model: str, classes: int = 3, **hyper: Any) -> Pipeline:
    target = np.minimum(TARGET, classes - 1).astype(float)
    return build_pipeline(model, hyper, classes=classes).fit(FEATURES, target)


MODELS = [
    ("LogisticRegression", {}),
    ("LogisticRegression", {"solver": "liblinear", "C": 100}),
    ("RandomForest", {"n_estimators": 10}),
    ("RandomForest", {"n_estimators": 4, "max_depth": 1}),
    ("SVC", {}),
    ("SVC", {"kernel": "poly"}),
    ("SVC", {"kernel": "sigmoid", "break_ties": True}),
    ("SVC", {"kernel": "linear", "C": 1000}),
]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("model", "hyperparameters"), MODELS)
def test_ties_saturated_probabilities_and_far_rows_come_out_as_scikit_learns(
    model: str, hyperparameters: dict[str, Any], classes: int
) -> None:
    pipeline = fitted(model, classes, **hyperparameters)
    artifact = make_artifact(pipeline, FEATURES, KEY)
    assert artifact.format == "onnx"
    predictor = open_artifact(artifact, KEY)
    for rows in (FEATURES, NEAR, FAR):
        told = predictor.predict(rows)
        np.testing.assert_array_equal(told.labels, pipeline.predict(rows))
        if told.by_class is not None:
            np.testing.assert_allclose(told.by_class, pipeline.predict_proba(rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("model", "hyperparameters"), [*MODELS, ("SVC", {"probability": True}), ("GradientBoostingRegressor", {})]
)
@pytest.mark.filterwarnings("ignore:The .probability. parameter")
def test_a_row_is_answered_alike_alone_and_among_others(model: str, hyperparameters: dict[str, Any]) -> None:
    artifact = make_artifact(fitted(model, **hyperparameters), FEATURES, KEY)
    together = open_artifact(artifact, KEY, threads=2).predict(NEAR)
    alone = [open_artifact(artifact, KEY, threads=1).predict(NEAR[[row]]) for row in (0, 777, 1499)]
    for row, told in zip((0, 777, 1499), alone, strict=True):
        np.testing.assert_allclose(told.labels, together.labels[[row]], rtol=1e-12)
        if told.by_class is not None and together.by_class is not None:
            np.testing.assert_allclose(told.by_class[0], together.by_class[row], rtol=0, atol=1e-12)


@pytest.mark.parametrize("model", ["LogisticRegression", "RandomForest", "RandomForestRegressor"])
def test_what_is_too_large_for_a_model_is_no_answer_in_either_form(model: str) -> None:
    pipeline = fitted(model)
    rows = np.vstack([FEATURES[:2], HUGE[:2]])
    for predictor in (PipelinePredictor(pipeline), OnnxPredictor(to_onnx_form(pipeline, 13))):
        assert np.isnan(predictor.predict(rows).labels).tolist() == [False, False, True, True]


def test_vector_machines_answer_huge_values_as_scikit_learn_does() -> None:
    for kernel in ("rbf", "linear", "poly", "sigmoid"):
        pipeline = fitted("SVC", kernel=kernel)
        told = OnnxPredictor(to_onnx_form(pipeline, 13)).predict(HUGE)
        np.testing.assert_array_equal(told.labels, pipeline.predict(HUGE), err_msg=kernel)


def test_where_every_class_is_impossible_the_predicted_one_has_no_probability() -> None:
    pipeline = fitted("LogisticRegression", solver="liblinear")
    coefficients = np.vstack([model.coef_ for model in pipeline["estimator"].estimators_])
    away = np.linalg.lstsq(coefficients, np.array([[-2000.0, -3000], [-2500, -2000], [-3000, -4000]]))[0].T
    rows = pipeline["scaling"].inverse_transform(away)
    assert not pipeline.predict_proba(rows).any()
    told = OnnxPredictor(to_onnx_form(pipeline, 13)).predict(rows)
    assert told.by_class is not None
    assert told.probabilities is not None
    assert not told.by_class.any()
    assert told.probabilities.tolist() == [0, 0]
    assert told.labels.tolist() == pipeline.predict(rows).tolist() == [0, 1]


@pytest.mark.filterwarnings("ignore:The .probability. parameter")
def test_a_probability_is_the_predicted_classs_where_votes_and_probabilities_disagree() -> None:
    pipeline = fitted("SVC", probability=True)
    labels, by_class = pipeline.predict(NEAR), pipeline.predict_proba(NEAR)
    assert (by_class.argmax(axis=1) != labels).any()
    told = open_artifact(make_artifact(pipeline, FEATURES, KEY), KEY).predict(NEAR)
    np.testing.assert_array_equal(told.labels, labels)
    assert told.probabilities is not None
    np.testing.assert_allclose(told.probabilities, by_class[np.arange(len(NEAR)), labels.astype(int)])


class DiffersFarAway(PipelinePredictor):
    """Says what the pipeline does, but not beyond 5, or 10⁵, standard deviations."""

    def __init__(self, pipeline: Pipeline, beyond: float) -> None:
        super().__init__(pipeline)
        self._beyond = beyond

    def predict(self, features: Any) -> Predicted:
        told = super().predict(features)
        away = np.nanmax(np.abs(features - FEATURES.mean(axis=0)) / SPREAD, axis=1, initial=0)
        return Predicted(np.where(away > self._beyond, 1 - told.labels, told.labels))


@pytest.mark.parametrize("beyond", [5, 1e5])
@pytest.mark.parametrize("model", ["SVC", "Ridge"])
@pytest.mark.filterwarnings("ignore:All-NaN slice")
def test_what_differs_beyond_the_training_range_does_not_agree(model: str, beyond: float) -> None:
    pipeline = fitted(model)
    different: Any = DiffersFarAway(pipeline, beyond)
    assert not agrees(different, PipelinePredictor(pipeline), FEATURES)
    assert agrees(OnnxPredictor(to_onnx_form(pipeline, 13)), PipelinePredictor(pipeline), FEATURES)


def test_rows_to_compare_go_far_in_every_column_and_are_missing_in_every_column() -> None:
    away = np.abs(probe_rows(FEATURES) - FEATURES.mean(axis=0)) / SPREAD
    for least, most in ((9, 12), (0.9e6, 1.1e6), (1e290, np.inf)):
        assert ((away > least) & (away < most)).any(axis=0).all()
    assert np.isnan(away).any(axis=0).all()
    assert np.isnan(away).all(axis=1).any()


def stored_by_an_earlier_version() -> bytes:
    """Labels as integers, probabilities in single precision, nothing else."""
    nodes = [
        helper.make_node("Cast", ["features"], ["single"], to=TensorProto.FLOAT),
        helper.make_node("Softmax", ["single"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0),
    ]
    asked = helper.make_tensor_value_info("features", TensorProto.DOUBLE, [None, 3])
    answers = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 3]),
    ]
    graph = helper.make_graph(nodes, "earlier", [asked], answers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def test_a_model_that_an_earlier_version_stored_answers_as_before() -> None:
    told = OnnxPredictor(stored_by_an_earlier_version()).predict(np.array([[0.0, 9, 1], [1e300, 0, 0]]))
    assert told.labels[0] == 1
    assert np.isnan(told.labels[1])
    assert told.probabilities is not None
    assert told.by_class is not None
    assert told.probabilities[0] == told.by_class[0, 1] == pytest.approx(0.99954, abs=1e-5)
    assert told.classes is None


@pytest.mark.parametrize("model", ["LogisticRegression", "RandomForest"])
def test_models_know_the_classes_of_their_probabilities(model: str) -> None:
    target = np.array([1.0, 4, 9])[TARGET]
    pipeline = build_pipeline(model, {}, classes=3).fit(FEATURES, target)
    for predictor in (PipelinePredictor(pipeline), OnnxPredictor(to_onnx_form(pipeline, 13))):
        classes = predictor.predict(FEATURES[:1]).classes
        assert classes is not None
        assert classes.tolist() == [1, 4, 9]
