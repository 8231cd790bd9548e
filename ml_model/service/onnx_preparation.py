"""What comes before the estimator, in ONNX: imputation, scaling, one-hot categories."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto
from sklearn.pipeline import Pipeline

from ml_model.service.onnx_graph import FEATURES, Graph


def prepare(pipeline: Pipeline, features: int) -> Graph:
    """The preparation of a fitted pipeline of the catalogue."""
    made = Graph(width=features)
    if "preparation" not in pipeline.named_steps:
        _numbers(made, pipeline, FEATURES)
        return made
    parts = []
    for name, transformer, columns in pipeline["preparation"].transformers_:
        if not columns or transformer == "drop":
            continue
        made.places(f"columns of {name}", columns)
        made.add("Gather", [FEATURES, f"columns of {name}"], name, axis=1)
        if name == "numbers":
            _numbers(made, transformer, name)
        else:
            _one_hot(made, [len(listed) for listed in transformer.categories_], name)
        parts.append(made.output)
    made.add("Concat", parts, "joined", axis=1)
    made.width = len(pipeline["preparation"].get_feature_names_out())
    return made


def _numbers(made: Graph, steps: Pipeline, source: str) -> None:
    """Missing values replaced, columns scaled."""
    made.hold("means", steps["imputation"].statistics_)
    made.add("IsNaN", [source], "missing")
    made.add("Where", ["missing", "means", source], "imputed")
    scaling = steps["scaling"]
    if scaling != "passthrough":
        made.hold("centre", scaling.mean_)
        made.hold("spread", scaling.scale_)
        made.add("Sub", ["imputed", "centre"], "centred")
        made.add("Div", ["centred", "spread"], "scaled")


def _one_hot(made: Graph, counts: Sequence[int], source: str) -> None:
    """A column for each category: 1 where the position is its own, so none where it is missing or unknown."""
    encoded = []
    for number, count in enumerate(counts):
        name = f"category {number}"
        made.places(f"{name} at", [number])
        made.hold(f"{name} listed", np.arange(float(count)))
        made.add("Gather", [source, f"{name} at"], f"{name} positions", axis=1)
        made.add("Equal", [f"{name} positions", f"{name} listed"], f"{name} is")
        encoded.append(made.add("Cast", [f"{name} is"], f"{name} encoded", to=TensorProto.DOUBLE))
    made.add("Concat", encoded, "encoded", axis=1)
