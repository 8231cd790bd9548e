"""A fitted pipeline of the catalogue as one ONNX model, in double precision, as scikit-learn computes.

Ready-made converters compute in single precision, which is other on ordinary rows: across a tree's threshold,
in a tie, where probabilities are next to 0 or 1.
"""

from typing import Any

from onnx import TensorProto
from sklearn.base import is_regressor
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from ml_model.service.onnx_graph import Graph
from ml_model.service.onnx_linear import add_logistic_regression, add_one_versus_rest, add_regression
from ml_model.service.onnx_preparation import prepare
from ml_model.service.onnx_trees import add_boosted, add_forest, count_nodes
from ml_model.service.onnx_vectors import KERNELS, add_support_vectors

LABEL = "label"
PROBABILITY = "probability"
PROBABILITIES = "probabilities"
DECISIONS = "decisions"
CLASSES = "classes"

TREES = (RandomForestClassifier, RandomForestRegressor, GradientBoostingRegressor)
# They refuse what single precision cannot hold: trees have to, and probabilities of it would mean nothing.
WITHIN_SINGLE = (*TREES, LogisticRegression, OneVsRestClassifier)
MOST_NODES = 5_000_000  # of trees, some 40 bytes each: more is more than is stored of a model


class NoOnnxFormError(Exception):
    """The pipeline has no ONNX form that answers the same."""


def to_onnx_form(pipeline: Pipeline, features: int) -> bytes:
    """The model's bytes. Input: `features`, (rows, features), NaN where missing. Outputs, all of doubles:

    `label`, (rows,), the class or the number, NaN where values are too large; where
    the estimator has them `probabilities`, (rows, classes), `probability`, (rows,), of the predicted class,
    and `decisions`, (rows, classes or pairs of them). Raises NoOnnxFormError.
    """
    graph, estimator = prepare(pipeline, features), pipeline["estimator"]
    if isinstance(estimator, TREES) and count_nodes(estimator) > MOST_NODES:
        raise NoOnnxFormError("Its trees have too many nodes")
    prepared = seen = graph.output
    if isinstance(estimator, WITHIN_SINGLE):
        graph.add("Cast", [prepared], "single", to=TensorProto.FLOAT)
        seen = graph.add("Cast", ["single"], "seen", to=TensorProto.DOUBLE)
    graph.output = seen if isinstance(estimator, TREES) else prepared
    said = (_add_number if is_regressor(estimator) else _add_class)(graph, estimator)
    graph.hold("zeros", [0.0] * graph.width)
    graph.add("MatMul", [seen, "zeros"], "nothing")  # NaN where a value is infinite
    graph.add("Add", [said, "nothing"], LABEL)
    outputs = {LABEL: 1, PROBABILITY: 1, PROBABILITIES: 2, DECISIONS: 2}
    return graph.model({name: axes for name, axes in outputs.items() if graph.has(name)}, features)


def _add_number(graph: Graph, estimator: Any) -> str:
    if isinstance(estimator, LinearRegression | Ridge):
        return add_regression(graph, estimator)
    if isinstance(estimator, RandomForestRegressor):
        add_forest(graph, estimator, "told")
    elif isinstance(estimator, GradientBoostingRegressor):
        add_boosted(graph, estimator, "told")
    else:
        raise NoOnnxFormError(f"There is none for {type(estimator).__name__}")
    return graph.add("Squeeze", ["told", graph.places("second axis", [1])], "number")


def _add_class(graph: Graph, estimator: Any) -> str:
    position = _add_position(graph, estimator)
    said = graph.add("Gather", [graph.hold(CLASSES, estimator.classes_), position], "class")
    if not graph.has(PROBABILITIES):
        return said
    # None of these decides for another class than the most probable one.
    graph.add("ReduceMax", [PROBABILITIES], PROBABILITY, axes=[1], keepdims=0)
    graph.add("Mul", [PROBABILITY, graph.hold("zero", 0)], "no number")
    return graph.add("Add", [said, "no number"], "known class")


def _add_position(graph: Graph, estimator: Any) -> str:
    """Returns the name of the predicted class's position, (rows,)."""
    if isinstance(estimator, LogisticRegression):
        return add_logistic_regression(graph, estimator, DECISIONS, PROBABILITIES)
    if isinstance(estimator, OneVsRestClassifier) and isinstance(estimator.estimator, LogisticRegression):
        return add_one_versus_rest(graph, estimator, DECISIONS, PROBABILITIES)
    if isinstance(estimator, RandomForestClassifier):
        add_forest(graph, estimator, PROBABILITIES)
        return graph.add("ArgMax", [PROBABILITIES], "position", axis=1, keepdims=0)
    if isinstance(estimator, SVC) and estimator.kernel in KERNELS and not hasattr(estimator, "predict_proba"):
        return add_support_vectors(graph, estimator, DECISIONS)
    raise NoOnnxFormError(f"There is none for {type(estimator).__name__} with these hyperparameters")
