"""A fitted pipeline of the catalogue as one ONNX model.

Imputation, scaling, one-hot categories and linear regressions are written here, in double precision; every
other estimator is converted by skl2onnx. Its own imputer and scaler are single precision throughout, which
moves rows across the thresholds of trees. scikit-learn's trees see single precision of the scaled values, and
so does this.
"""

import warnings

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, is_regressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import Pipeline

from ml_model.service.onnx_preparation import FEATURES, Preparation, prepare

OPSETS = {"": 17, "ai.onnx.ml": 3}
IR_VERSION = 8  # what these opsets came with
PREPARED = "prepared"  # the estimator's input
ANSWER = "label"


def to_onnx_form(pipeline: Pipeline, features: int) -> bytes:
    """The model's bytes: input `features` (rows, features) double, NaN where missing; output `label`, the
    class or the number, and, where the estimator has them, `probabilities`.

    Raises whatever skl2onnx raises on an estimator that it cannot convert.
    """
    preparation = prepare(pipeline, features)
    estimator = pipeline["estimator"]
    if isinstance(estimator, LinearRegression | Ridge):
        return _bytes(_linear(estimator, preparation), preparation, features)
    preparation.add("Cast", [preparation.output], PREPARED, to=TensorProto.FLOAT)
    return _bytes(_converted(estimator, preparation.width), preparation, features)


def _bytes(model: ModelProto, preparation: Preparation, features: int) -> bytes:
    """The estimator's model with the preparation before it."""
    graph = model.graph
    estimator = list(graph.node)
    del graph.node[:], graph.input[:]
    graph.input.append(helper.make_tensor_value_info(FEATURES, TensorProto.DOUBLE, [None, features]))
    graph.node.extend([*preparation.nodes, *estimator])
    graph.initializer.extend(
        numpy_helper.from_array(values, name) for name, values in preparation.constants.items()
    )
    return bytes(model.SerializeToString())


def _linear(estimator: BaseEstimator, preparation: Preparation) -> ModelProto:
    """Coefficients times values plus intercept."""
    nodes = [
        helper.make_node("MatMul", [preparation.output, "coefficients"], ["product"]),
        helper.make_node("Add", ["product", "intercept"], [ANSWER]),
    ]
    constants = {
        "coefficients": np.asarray(estimator.coef_, dtype=np.float64).reshape(-1, 1),
        "intercept": np.asarray(estimator.intercept_, dtype=np.float64).reshape(1),
    }
    answer = helper.make_tensor_value_info(ANSWER, TensorProto.DOUBLE, [None, 1])
    held = [numpy_helper.from_array(values, name) for name, values in constants.items()]
    graph = helper.make_graph(nodes, "linear regression", [], [answer], held)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    model: ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    return model


def _converted(estimator: BaseEstimator, width: int) -> ModelProto:
    options = {} if is_regressor(estimator) else {"zipmap": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside the converter
        model: ModelProto = to_onnx(
            estimator,
            initial_types=[(PREPARED, FloatTensorType([None, width]))],
            options={id(estimator): options},
            target_opset=OPSETS,
        )
    if is_regressor(estimator):
        _name_answer(model)
    elif not hasattr(estimator, "predict_proba"):
        del model.graph.output[1:]  # distances from the boundaries, which skl2onnx calls probabilities
    return model


def _name_answer(model: ModelProto) -> None:
    """Call the one output of a regressor as every model's."""
    (output,) = model.graph.output
    for node in model.graph.node:
        node.output[:] = [ANSWER if name == output.name else name for name in node.output]
    output.name = ANSWER
