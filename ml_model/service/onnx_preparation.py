"""What comes before the estimator, in ONNX, in double precision: imputation, scaling, one-hot categories."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper
from sklearn.pipeline import Pipeline

FEATURES = "features"

Constants = dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int64]]


@dataclass
class Preparation:
    """Nodes that turn `features` into `output`, both double. constants: initializers by name."""

    output: str = FEATURES
    width: int = 0
    nodes: list[NodeProto] = field(default_factory=list)
    constants: Constants = field(default_factory=dict)

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> None:
        """Add a node; its output is the output of the whole."""
        self.nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        self.output = output


def prepare(pipeline: Pipeline, features: int) -> Preparation:
    """The preparation of a fitted pipeline of the catalogue."""
    made = Preparation(width=features)
    if "preparation" not in pipeline.named_steps:
        _numbers(made, pipeline, FEATURES)
        return made
    parts = []
    for name, transformer, columns in pipeline["preparation"].transformers_:
        if not columns or transformer == "drop":
            continue
        made.constants[f"columns of {name}"] = np.array(columns, dtype=np.int64)
        made.add("Gather", [FEATURES, f"columns of {name}"], name, axis=1)
        if name == "numbers":
            _numbers(made, transformer, name)
        else:
            _one_hot(made, [len(listed) for listed in transformer.categories_], name)
        parts.append(made.output)
    made.add("Concat", parts, "joined", axis=1)
    made.width = len(pipeline["preparation"].get_feature_names_out())
    return made


def _numbers(made: Preparation, steps: Pipeline, source: str) -> None:
    """Missing values replaced, columns scaled."""
    made.constants["means"] = steps["imputation"].statistics_
    made.add("IsNaN", [source], "missing")
    made.add("Where", ["missing", "means", source], "imputed")
    scaling = steps["scaling"]
    if scaling != "passthrough":
        made.constants |= {"centre": scaling.mean_, "spread": scaling.scale_}
        made.add("Sub", ["imputed", "centre"], "centred")
        made.add("Div", ["centred", "spread"], "scaled")


def _one_hot(made: Preparation, counts: Sequence[int], source: str) -> None:
    """A column for each category: 1 where the position is its own, so none where it is missing or unknown."""
    encoded = []
    for number, count in enumerate(counts):
        name = f"category {number}"
        made.constants |= {f"{name} at": np.array([number]), f"{name} listed": np.arange(float(count))}
        made.add("Gather", [source, f"{name} at"], f"{name} positions", axis=1)
        made.add("Equal", [f"{name} positions", f"{name} listed"], f"{name} is")
        made.add("Cast", [f"{name} is"], f"{name} encoded", to=TensorProto.DOUBLE)
        encoded.append(made.output)
    made.add("Concat", encoded, "encoded", axis=1)
