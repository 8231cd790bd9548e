"""The Open Inference Protocol, version 2, over REST: tensors as JSON.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md
"""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from fleet.web.answers import AnswerModel
from fleet.web.validation import RequestModel

INFER_EXAMPLE: JsonDict = {
    "id": "42",
    "inputs": [
        {
            "name": "features",
            "shape": [1, 13],
            "datatype": "FP64",
            "data": [13.2, 2.77, 2.51, 18.5, 98, 1.8, 2.1, 0.3, 1.5, 5.6, 0.9, 2.8, 1045],
        }
    ],
}
INFERRED_EXAMPLE: JsonDict = {
    "model_name": "wine",
    "model_version": "1",
    "id": "42",
    "outputs": [{"name": "predictions", "shape": [1], "datatype": "INT64", "data": [0]}],
}
MODEL_EXAMPLE: JsonDict = {
    "name": "wine",
    "versions": ["1"],
    "platform": "onnx_onnxv1",
    "inputs": [{"name": "features", "datatype": "FP64", "shape": [-1, 13]}],
    "outputs": [
        {"name": "predictions", "datatype": "INT64", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, -1]},
        {"name": "sample_index", "datatype": "INT64", "shape": [-1]},
    ],
}

InputType = Literal[
    "FP64",
    "FP32",
    "FP16",
    "INT64",
    "INT32",
    "INT16",
    "INT8",
    "UINT64",
    "UINT32",
    "UINT16",
    "UINT8",
    "BF16",
    "BOOL",
    "BYTES",
]
Parameters = dict[str, Any]
MOST_VALUES = 2**31  # in a dimension; more digits would only make work


class InputTensor(RequestModel):
    """Rows: one tensor [rows, features], or one [rows] or [rows, 1] by the name of each feature.

    data: unless the parameter `binary_data_size` says how many bytes after the JSON are this tensor. NaN is a
    missing value, as null is. With the parameter `content_type` "base64", texts are encoded so.
    """

    name: str
    shape: Annotated[list[Annotated[int, Field(ge=-MOST_VALUES, le=MOST_VALUES)]], Field(max_length=2)]
    datatype: InputType
    data: list[Any] | None = None
    parameters: Parameters | None = None


class OutputWish(RequestModel):
    """An output that is asked for; as bytes, if the parameter `binary_data` is true.

    The parameter `classification` asks for so many of the most probable classes, as Triton gives them: texts
    "probability:position", the positions among all probabilities.
    """

    name: str
    parameters: Parameters | None = None


class InferRequest(RequestModel):
    """`POST /v2/models/<name>/infer`. outputs: all, unless some are named.

    Of the parameters only `binary_data_output` is looked at: whether all outputs come as bytes. Neither are
    model_name and model_version, which KServe's clients send: the path says whose answer it is.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [INFER_EXAMPLE]})

    inputs: list[InputTensor]
    id: str | None = None
    model_name: str | None = None
    model_version: str | None = None
    outputs: list[OutputWish] | None = None
    parameters: Parameters | None = None


class OutputTensor(AnswerModel):
    """What the model says; data is flat, row by row, unless it comes as bytes after the JSON."""

    name: str
    shape: list[int]
    datatype: Literal["INT64", "FP64", "BYTES"]
    data: list[float] | list[str] | None = None
    parameters: Parameters | None = None


class InferAnswer(AnswerModel):
    """What the model says. model_version: the deployment that said it."""

    model_config = ConfigDict(json_schema_extra={"examples": [INFERRED_EXAMPLE]})

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class ServerAnswer(AnswerModel):
    """What serves."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "mlfleet ml_model", "version": "1.0.0", "extensions": ["binary_tensor_data"]}
            ]
        }
    )

    name: str
    version: str
    extensions: list[str]


class ServerLiveAnswer(AnswerModel):
    """The process runs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"live": True}]})

    live: bool


class ServerReadyAnswer(AnswerModel):
    """Every use case with a live model can answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ready": True}]})

    ready: bool


class ModelReadyAnswer(AnswerModel):
    """The model can answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "wine", "ready": True}]})

    name: str
    ready: bool


class TensorDescription(AnswerModel):
    """A tensor's name, type and shape; -1 for what depends on the request."""

    name: str
    datatype: str
    shape: list[int]


class ModelAnswer(AnswerModel):
    """A use case as a model. versions: its live deployments, or the one that was asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [MODEL_EXAMPLE]})

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorDescription]
    outputs: list[TensorDescription]
