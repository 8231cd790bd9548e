"""The binary tensor data extension of the Open Inference Protocol: tensors as bytes, after the JSON.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import base64
import json
from collections.abc import Collection
from math import isnan, prod
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from fleet.web.values import MalformedBodyError
from ml_model.web.inference_schema import InferRequest, InputTensor, InputType, Parameters
from ml_model.web.tensors import UnusableTensorError, flat, refuse_shared_memory

EXTENSION = "binary_tensor_data"
LENGTH_HEADER = "Inference-Header-Content-Length"
BINARY_TYPE = "application/octet-stream"
LENGTH_BYTES = 4  # before each text
# BF16 is read as the upper half of an FP32.
DATATYPES = {
    name: np.dtype(name.lower().replace("bf", "uint").replace("fp", "float")).newbyteorder("<")
    for name in get_args(InputType)
    if name != "BYTES"
}
BF16_BITS = 16


def split(body: bytes, length: str | None) -> tuple[bytes, bytes]:
    """The JSON, and the tensors after it. length: what the header says. Raises MalformedBodyError."""
    if length is None:
        return body, b""
    if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > len(body):
        raise MalformedBodyError(
            f"The header {LENGTH_HEADER} is '{length[:30]}', of a body of {len(body)} bytes",
            "Say in it how many bytes of the body are JSON",
        )
    return body[: int(length)], body[int(length) :]


def with_data(request: InferRequest, tensors: bytes) -> InferRequest:
    """The request, its inputs with their values wherever these came. Raises UnusableTensorError."""
    inputs, start = [], 0
    for tensor in request.inputs:
        size = _size(tensor)
        if size is None:
            inputs.append(_decoded(tensor))
            continue
        if size > len(tensors) - start:
            raise UnusableTensorError(
                f"Input '{tensor.name}' has a binary_data_size of {size}, "
                f"but only {len(tensors) - start} bytes are left"
            )
        values = _values(tensor, tensors[start : start + size])
        inputs.append(_decoded(tensor.model_copy(update={"data": values})))
        start += size
    if start < len(tensors):
        raise UnusableTensorError(f"{len(tensors) - start} bytes follow that belong to no input")
    return request.model_copy(update={"inputs": inputs})


def _size(tensor: InputTensor) -> int | None:
    """Its bytes, or None where its values are in the JSON."""
    parameters = tensor.parameters or {}
    refuse_shared_memory(f"Input '{tensor.name}'", parameters)
    size = parameters.get("binary_data_size")
    if size is None:
        if tensor.data is None:
            raise UnusableTensorError(f"Input '{tensor.name}' has neither 'data' nor a 'binary_data_size'")
        return None
    if tensor.data is not None:
        raise UnusableTensorError(f"Input '{tensor.name}' has both 'data' and a 'binary_data_size'")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise UnusableTensorError(f"The binary_data_size of input '{tensor.name}' is no number of bytes")
    return size


def _values(tensor: InputTensor, data: bytes) -> list[Any]:
    """Row by row; None where a number is NaN, which is how a missing one is written."""
    if tensor.datatype == "BYTES":
        return _texts(tensor.name, data)
    kind = DATATYPES[tensor.datatype]
    needed = prod(tensor.shape) * kind.itemsize
    if len(data) != needed:
        raise UnusableTensorError(
            f"Input '{tensor.name}' has {len(data)} bytes, "
            f"but its shape {tensor.shape} of {tensor.datatype} takes {needed}"
        )
    values: npt.NDArray[Any] = np.frombuffer(data, kind)
    if tensor.datatype == "BF16":
        values = (values.astype(np.uint32) << BF16_BITS).view(np.float32)
    read: list[Any] = values.tolist()
    return [None if isnan(value) else value for value in read] if np.isnan(values).any() else read


def _texts(name: str, data: bytes) -> list[str]:
    texts: list[str] = []
    start = 0
    while start < len(data):
        end = start + LENGTH_BYTES
        length = int.from_bytes(data[start:end], "little")
        if end + length > len(data):
            raise UnusableTensorError(f"Text {len(texts)} of input '{name}' goes beyond the input's bytes")
        try:
            texts.append(data[end : end + length].decode())
        except UnicodeDecodeError as error:
            raise UnusableTensorError(f"Text {len(texts)} of input '{name}' is no UTF-8") from error
        start = end + length
    return texts


def _decoded(tensor: InputTensor) -> InputTensor:
    """The tensor, its texts decoded where MLServer's clients say that they are in base64."""
    if (tensor.parameters or {}).get("content_type") != "base64" or tensor.datatype != "BYTES":
        return tensor
    try:
        texts = [text and base64.b64decode(text, validate=True).decode() for text in flat(tensor)]
    except (ValueError, TypeError) as error:
        raise UnusableTensorError(f"Input '{tensor.name}' has texts that are not in base64") from error
    return tensor.model_copy(update={"data": texts})


def wanted_binary(request: InferRequest) -> Collection[str] | None:
    """The names of the outputs that are asked for as bytes; None for all. Raises UnusableTensorError."""
    by_default = _flag(request.parameters, "binary_data_output", "the request", default=False)
    if not request.outputs:
        return None if by_default else ()
    return {
        wish.name
        for wish in request.outputs
        if _flag(wish.parameters, "binary_data", f"output '{wish.name[:60]}'", default=by_default)
    }


def _flag(parameters: Parameters | None, name: str, where: str, *, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise UnusableTensorError(f"The parameter '{name}' of {where} is neither true nor false")
    return value


def packed(answer: dict[str, Any], binary: Collection[str] | None) -> tuple[bytes, bytes]:
    """The answer's JSON, and the outputs of these names, or all, after it."""
    outputs, tensors = [], []
    for output in answer["outputs"]:
        if binary is None or output["name"] in binary:
            values = output.pop("data")
            tensors.append(_bytes(values, output["datatype"]))
            output["parameters"] = {"binary_data_size": len(tensors[-1])}
        outputs.append(output)
    return json.dumps({**answer, "outputs": outputs}).encode(), b"".join(tensors)


def _bytes(values: list[Any], datatype: str) -> bytes:
    if datatype != "BYTES":
        return np.array(values, DATATYPES[datatype]).tobytes()
    texts = [value.encode() for value in values]
    return b"".join(len(text).to_bytes(LENGTH_BYTES, "little") + text for text in texts)
