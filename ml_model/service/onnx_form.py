"""A fitted pipeline of the catalogue as one ONNX model.

Imputation and scaling are written here, in double precision, and only the estimator is converted by
skl2onnx: its own imputer and scaler are single precision throughout, which moves rows across the
thresholds of forests. scikit-learn's forests see single precision of the scaled values, and so does this.
"""

import warnings

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.pipeline import Pipeline

OPSETS = {"": 17, "ai.onnx.ml": 3}
PREPARED = "prepared"  # the estimator's input

Constants = dict[str, npt.NDArray[np.float64]]


def to_onnx_form(pipeline: Pipeline, features: int) -> bytes:
    """The model's bytes: input `features` (rows, features) double, NaN where missing; output `label` and,
    where the estimator has them, `probabilities`.

    Raises whatever skl2onnx raises on an estimator that it cannot convert.
    """
    model = _converted_estimator(pipeline, features)
    nodes, constants = _preparation(pipeline)
    graph = model.graph
    estimator = list(graph.node)
    del graph.node[:], graph.input[:]
    graph.input.append(helper.make_tensor_value_info("features", TensorProto.DOUBLE, [None, features]))
    graph.node.extend([*nodes, *estimator])
    graph.initializer.extend(numpy_helper.from_array(values, name) for name, values in constants.items())
    if not hasattr(pipeline["estimator"], "predict_proba"):
        del graph.output[1:]  # distances from the boundaries, which skl2onnx calls probabilities
    return bytes(model.SerializeToString())


def _converted_estimator(pipeline: Pipeline, features: int) -> ModelProto:
    estimator = pipeline["estimator"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the converter
        model: ModelProto = to_onnx(
            estimator,
            initial_types=[(PREPARED, FloatTensorType([None, features]))],
            options={id(estimator): {"zipmap": False}},
            target_opset=OPSETS,
        )
    return model


def _preparation(pipeline: Pipeline) -> tuple[list[NodeProto], Constants]:
    """What comes before the estimator: missing values replaced, columns scaled, single precision."""
    constants: Constants = {"means": pipeline["imputation"].statistics_}
    nodes = [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "means", "features"], ["imputed"]),
    ]
    scaling = pipeline["scaling"]
    if scaling == "passthrough":
        return [*nodes, helper.make_node("Cast", ["imputed"], [PREPARED], to=TensorProto.FLOAT)], constants
    constants |= {"centre": scaling.mean_, "spread": scaling.scale_}
    nodes += [
        helper.make_node("Sub", ["imputed", "centre"], ["centred"]),
        helper.make_node("Div", ["centred", "spread"], ["scaled"]),
        helper.make_node("Cast", ["scaled"], [PREPARED], to=TensorProto.FLOAT),
    ]
    return nodes, constants
