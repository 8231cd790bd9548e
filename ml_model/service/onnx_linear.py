"""Linear models in ONNX."""

import numpy as np
import numpy.typing as npt
from onnx import TensorProto
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier

from ml_model.service.onnx_graph import Graph

Floats = npt.NDArray[np.float64]


def add_regression(graph: Graph, estimator: LinearRegression | Ridge) -> str:
    """Coefficients times values plus intercept; returns the name of the numbers, (rows,)."""
    graph.hold("coefficients", np.reshape(estimator.coef_, -1))
    graph.hold("intercept", np.reshape(estimator.intercept_, ()))
    graph.add("MatMul", [graph.output, "coefficients"], "product")
    return graph.add("Add", ["product", "intercept"], "number")


def add_logistic_regression(
    graph: Graph, estimator: LogisticRegression, decisions: str, probabilities: str
) -> str:
    """Both, (rows, classes), or of two classes one decision.

    Returns the name of the predicted classes' positions, (rows,).
    """
    _add_decisions(graph, estimator.coef_, estimator.intercept_, decisions)
    if len(estimator.classes_) > 2:
        graph.add("Softmax", [decisions], probabilities, axis=1)
        return graph.add("ArgMax", [decisions], "position", axis=1, keepdims=0)
    second = _add_logistic(graph, decisions)
    graph.add("Sub", [graph.hold("one", 1), second], "first")
    graph.add("Concat", ["first", second], probabilities, axis=1)
    graph.add("Squeeze", [decisions, graph.places("second axis", [1])], "decision")
    graph.add("Greater", ["decision", graph.hold("zero", 0)], "is second")
    return graph.add("Cast", ["is second"], "position", to=TensorProto.INT64)


def add_one_versus_rest(
    graph: Graph, estimator: OneVsRestClassifier, decisions: str, probabilities: str
) -> str:
    """As `add_logistic_regression`; where every class is as good as impossible all probabilities are 0."""
    models = estimator.estimators_
    coefficients = np.vstack([model.coef_ for model in models])
    _add_decisions(graph, coefficients, np.ravel([model.intercept_ for model in models]), decisions)
    alone = _add_logistic(graph, decisions)
    graph.add("ReduceSum", [alone, graph.places("second axis", [1])], "sum", keepdims=1)
    graph.add("Equal", ["sum", graph.hold("zero", 0)], "is impossible")
    graph.add("Where", ["is impossible", graph.hold("one", 1), "sum"], "divisor")
    graph.add("Div", [alone, "divisor"], probabilities)
    return graph.add("ArgMax", [decisions], "position", axis=1, keepdims=0)


def _add_decisions(graph: Graph, coefficients: Floats, intercept: Floats, decisions: str) -> None:
    graph.hold("coefficients", coefficients.T)
    graph.add("MatMul", [graph.output, "coefficients"], "product")
    graph.add("Add", ["product", graph.hold("intercept", intercept)], decisions)


def _add_logistic(graph: Graph, decisions: str) -> str:
    """1 / (1 + exp(-decisions)): onnxruntime's own Sigmoid loses digits towards 0, and is 0 at -40."""
    graph.add("Neg", [decisions], "negated")
    graph.add("Exp", ["negated"], "odds against")
    graph.add("Add", ["odds against", graph.hold("one", 1)], "odds")
    return graph.add("Reciprocal", ["odds"], "alone")
