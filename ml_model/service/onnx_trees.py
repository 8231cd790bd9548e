"""Forests and boosted trees in ONNX.

scikit-learn's trees see the prepared values in single precision and compare them with thresholds in double;
what their leaves say is added up in double, tree after tree. So it is here, where ties come out the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor

from ml_model.service.onnx_graph import TREES, Graph

Floats = npt.NDArray[np.float64]

SUM = 1
AT_MOST = 0  # the comparison: values of at most the threshold go to the left


def add_forest(graph: Graph, estimator: RandomForestClassifier | RandomForestRegressor, answer: str) -> None:
    """The mean of what the trees say, (rows, outputs): probabilities by class, or one number."""
    trees = _Trees()
    for each in estimator.estimators_:
        trees.add(each.tree_, each.tree_.value[:, 0, :])
    trees.add_to(graph, "sum")
    graph.add("Div", ["sum", graph.hold("trees", len(estimator.estimators_))], answer)


def add_boosted(graph: Graph, estimator: GradientBoostingRegressor, answer: str) -> None:
    """The first guess plus what each tree adds, (rows, 1)."""
    trees = _Trees()
    if isinstance(estimator.init_, DummyRegressor):
        trees.add_leaf(float(estimator.init_.constant_.item()))
    for each in estimator.estimators_[:, 0]:
        trees.add(each.tree_, estimator.learning_rate * each.tree_.value[:, 0, :])
    trees.add_to(graph, answer)


def count_nodes(estimator: Any) -> int:
    """Nodes that the trees have in ONNX."""
    trees = [each.tree_ for each in np.ravel(estimator.estimators_)]
    return sum(tree.node_count * (1 if _is_sure(_leaves(tree)) else tree.max_n_classes) for tree in trees)


def _leaves(tree: Any) -> Floats:
    values: Floats = tree.value[:, 0, :][tree.children_left < 0]
    return values


def _is_sure(values: Floats) -> bool:
    """Whether each leaf speaks of one output only."""
    return bool((np.count_nonzero(values, axis=1) <= 1).all())


@dataclass
class _Trees:
    """What ONNX's TreeEnsemble takes. Inner nodes and leaves are numbered apart, through all trees."""

    outputs: int = 1
    roots: list[int] = field(default_factory=list)
    features: list[npt.NDArray[np.int64]] = field(default_factory=list)
    thresholds: list[Floats] = field(default_factory=list)
    children: tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]] = field(
        default_factory=lambda: ([], [])
    )
    are_leaves: tuple[list[npt.NDArray[np.int64]], list[npt.NDArray[np.int64]]] = field(
        default_factory=lambda: ([], [])
    )
    targets: list[npt.NDArray[np.int64]] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)
    nodes: int = 0
    leaves: int = 0

    def add(self, tree: Any, values: Floats) -> None:
        """Add a fitted tree of scikit-learn. values: (nodes, outputs).

        A leaf of ONNX speaks of one output: a tree that says more is added once for each.
        """
        self.outputs = values.shape[1]
        leaves = values[tree.children_left < 0]
        if _is_sure(leaves):
            targets = np.abs(leaves).argmax(axis=1)
            self._add(tree, targets, np.take_along_axis(leaves, targets[:, None], 1)[:, 0])
            return
        for target in range(self.outputs):
            self._add(tree, np.full(len(leaves), target), leaves[:, target])

    def add_leaf(self, weight: float) -> None:
        """Add a tree that says the same of all."""
        self._add_root_that_is_leaf(0, weight)

    def _add_root_that_is_leaf(self, target: int, weight: float) -> None:
        """As a node whose sides are alike: a root is no leaf in ONNX."""
        self.roots.append(self.nodes)
        self.features.append(np.zeros(1, np.int64))
        self.thresholds.append(np.zeros(1))
        for side in (0, 1):
            self.children[side].append(np.array([self.leaves + side]))
            self.are_leaves[side].append(np.ones(1, np.int64))
        self.targets.append(np.full(2, target))
        self.weights.append(np.full(2, weight))
        self.nodes, self.leaves = self.nodes + 1, self.leaves + 2

    def _add(self, tree: Any, targets: npt.NDArray[np.int64], weights: Floats) -> None:
        if tree.node_count == 1:
            self._add_root_that_is_leaf(int(targets[0]), float(weights[0]))
            return
        is_inner = tree.children_left >= 0
        numbers = np.where(
            is_inner, self.nodes + np.cumsum(is_inner) - 1, self.leaves + np.cumsum(~is_inner) - 1
        )
        self.roots.append(self.nodes)
        self.features.append(tree.feature[is_inner])
        self.thresholds.append(tree.threshold[is_inner])
        for side, children in enumerate((tree.children_left[is_inner], tree.children_right[is_inner])):
            self.children[side].append(numbers[children])
            self.are_leaves[side].append((~is_inner[children]).astype(np.int64))
        self.targets.append(targets)
        self.weights.append(weights)
        self.nodes += int(is_inner.sum())
        self.leaves += len(weights)

    def add_to(self, graph: Graph, answer: str) -> None:
        """Add the node that adds up what the trees say, (rows, outputs)."""
        graph.add(
            "TreeEnsemble",
            [graph.output],
            answer,
            domain=TREES,
            n_targets=self.outputs,
            aggregate_function=SUM,
            post_transform=0,
            tree_roots=self.roots,
            nodes_featureids=_listed(self.features),
            nodes_splits=_tensor(np.concatenate(self.thresholds)),
            nodes_modes=_tensor(np.full(self.nodes, AT_MOST, dtype=np.uint8)),
            nodes_truenodeids=_listed(self.children[0]),
            nodes_falsenodeids=_listed(self.children[1]),
            nodes_trueleafs=_listed(self.are_leaves[0]),
            nodes_falseleafs=_listed(self.are_leaves[1]),
            leaf_targetids=_listed(self.targets),
            leaf_weights=_tensor(np.concatenate(self.weights)),
        )


def _listed(parts: Iterable[npt.NDArray[np.int64]]) -> list[int]:
    numbers: list[int] = np.concatenate(list(parts)).tolist()
    return numbers


def _tensor(values: npt.NDArray[Any]) -> TensorProto:
    return numpy_helper.from_array(values)
