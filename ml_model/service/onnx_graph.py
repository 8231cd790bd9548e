"""An ONNX graph that is being written, in double precision throughout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper

FEATURES = "features"
TREES = "ai.onnx.ml"

OPSETS = {"": 17, TREES: 5}
IR_VERSION = 10  # what these opsets came with

Constants = dict[str, npt.NDArray[Any]]


@dataclass
class Graph:
    """Nodes that were added, from `features`, (rows, features) double, on; every value has a name.

    output: of the last node; width: columns of what was prepared; constants: initializers by name.
    """

    output: str = FEATURES
    width: int = 0
    nodes: list[NodeProto] = field(default_factory=list)
    constants: Constants = field(default_factory=dict)

    def add(
        self, operator: str, inputs: Sequence[str], output: str, *, domain: str = "", **attributes: object
    ) -> str:
        """Add a node; returns its output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))
        self.output = output
        return output

    def has(self, name: str) -> bool:
        """Whether a node gives that output."""
        return any(name in node.output for node in self.nodes)

    def split(self, name: str, sizes: npt.ArrayLike, parts: Sequence[str]) -> None:
        """Add a node that takes columns apart."""
        inputs = [name, self.places(f"sizes of {name}", sizes)]
        self.nodes.append(helper.make_node("Split", inputs, parts, axis=1))

    def hold(self, name: str, numbers: npt.ArrayLike) -> str:
        """Add a constant of doubles; returns its name."""
        self.constants[name] = np.asarray(numbers, dtype=np.float64)
        return name

    def places(self, name: str, places: npt.ArrayLike) -> str:
        """Add a constant of positions, sizes or axes; returns its name."""
        self.constants[name] = np.asarray(places, dtype=np.int64)
        return name

    def model(self, outputs: Mapping[str, int], features: int) -> bytes:
        """The model's bytes. outputs: double values by name, with how many dimensions each has."""
        answers = [
            helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None] * dimensions)
            for name, dimensions in outputs.items()
        ]
        asked = helper.make_tensor_value_info(FEATURES, TensorProto.DOUBLE, [None, features])
        held = [numpy_helper.from_array(values, name) for name, values in self.constants.items()]
        graph = helper.make_graph(self.nodes, "model", [asked], answers, held)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        return bytes(model.SerializeToString())
