"""Support vector classification in ONNX, as libsvm does it: kernel, pairs of classes, votes."""

from itertools import combinations

import numpy as np
from onnx import TensorProto
from sklearn.svm import SVC

from ml_model.service.onnx_graph import Graph

KERNELS = ("linear", "poly", "rbf", "sigmoid")
FARTHEST = 1e150  # its square is a double still, and beyond it no kernel of distances is more than 0

Pairs = list[tuple[int, int]]


def add_support_vectors(graph: Graph, estimator: SVC, decisions: str) -> str:
    """The decisions, (rows, pairs of classes), positive for the first of each pair.

    Returns the name of the predicted classes' positions, (rows,).
    """
    _add_kernel(graph, estimator)
    pairs: Pairs = list(combinations(range(len(estimator.classes_)), 2))
    _add_decisions(graph, estimator, pairs, decisions)
    ballots = np.zeros((len(pairs), len(estimator.classes_)))
    for number, (first, second) in enumerate(pairs):
        ballots[number, [first, second]] = 1, -1
    graph.hold("ballots", ballots)
    graph.add("Greater", [decisions, graph.hold("zero", 0)], "is first")
    graph.add("Cast", ["is first"], "for first", to=TensorProto.DOUBLE)
    graph.add("MatMul", ["for first", "ballots"], "votes for first")
    votes = graph.add("Add", ["votes for first", graph.hold("if none", -ballots.clip(max=0).sum(0))], "votes")
    if estimator.break_ties and len(pairs) > 1:
        votes = _add_confidences(graph, votes, decisions)
    return graph.add("ArgMax", [votes], "position", axis=1, keepdims=0)


def _add_kernel(graph: Graph, estimator: SVC) -> None:
    """`kernel`, (rows, support vectors)."""
    if estimator.kernel == "rbf":
        _add_radial(graph, estimator)
        return
    vectors = estimator.support_vectors_
    if estimator.kernel == "linear":
        graph.add("MatMul", [graph.output, graph.hold("vectors", vectors.T)], "kernel")
        return
    # Multiplied here: onnxruntime would join the factor with the product, and keep it in single precision.
    graph.hold("vectors", estimator._gamma * vectors.T)  # noqa: SLF001  # what "scale" and "auto" became
    graph.add("MatMul", [graph.output, "vectors"], "products")
    graph.add("Add", ["products", graph.hold("constant", estimator.coef0)], "shifted")
    if estimator.kernel == "poly":
        graph.add("Pow", ["shifted", graph.hold("degree", estimator.degree)], "kernel")
    else:
        graph.add("Tanh", ["shifted"], "kernel")


def _add_radial(graph: Graph, estimator: SVC) -> None:
    """exp(-gamma · distance²), the distance from lengths and products, all seen from the vectors' middle."""
    middle = estimator.support_vectors_.mean(axis=0)
    vectors = estimator.support_vectors_ - middle
    gamma = estimator._gamma  # noqa: SLF001
    graph.hold("vectors", 2 * gamma * vectors.T)
    graph.hold("lengths", -gamma * np.square(vectors).sum(axis=1))
    graph.add("Sub", [graph.output, graph.hold("middle", middle)], "from middle")
    graph.add("Clip", ["from middle", graph.hold("least", -FARTHEST), graph.hold("most", FARTHEST)], "near")
    graph.add("ReduceSumSquare", ["near"], "length", axes=[1], keepdims=1)
    graph.add("Mul", ["length", graph.hold("stretch", -gamma)], "own")
    graph.add("MatMul", ["near", "vectors"], "products")
    graph.add("Add", ["products", "own"], "partial")
    graph.add("Add", ["partial", "lengths"], "exponent")
    graph.add("Exp", ["exponent"], "kernel")


def _add_decisions(graph: Graph, estimator: SVC, pairs: Pairs, decisions: str) -> None:
    """Each class's vectors apart: what is too large in one class must not spoil pairs of others."""
    counts = estimator.n_support_.astype(np.int64)
    parts = [f"kernel of {number}" for number in range(len(counts))]
    graph.split("kernel", counts, parts)
    ends = np.cumsum(counts)
    sums = []
    for number, part in enumerate(parts):
        weights = estimator._dual_coef_[:, ends[number] - counts[number] : ends[number]]
        graph.hold(f"weights of {number}", weights.T)
        sums.append(graph.add("MatMul", [part, f"weights of {number}"], f"sums of {number}"))
    graph.add("Concat", sums, "sums", axis=1)
    others = len(counts) - 1
    graph.places("of first", [first * others + second - 1 for first, second in pairs])
    graph.places("of second", [second * others + first for first, second in pairs])
    graph.add("Gather", ["sums", "of first"], "from first", axis=1)
    graph.add("Gather", ["sums", "of second"], "from second", axis=1)
    graph.add("Add", ["from first", "from second"], "from both")
    graph.hold("intercept", estimator._intercept_)  # libsvm's, not turned round for two classes
    graph.add("Add", ["from both", "intercept"], decisions)


def _add_confidences(graph: Graph, votes: str, decisions: str) -> str:
    """Votes plus less than one for how sure they are."""
    graph.add("MatMul", [decisions, "ballots"], "confidence")
    graph.add("Abs", ["confidence"], "size")
    graph.add("Add", ["size", graph.hold("one", 1)], "bound")
    graph.add("Mul", ["bound", graph.hold("three", 3)], "bounds")
    graph.add("Div", ["confidence", "bounds"], "part of a vote")
    return graph.add("Add", [votes, "part of a vote"], "sure votes")
