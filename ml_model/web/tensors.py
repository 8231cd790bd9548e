"""Tensors of the Open Inference Protocol as rows."""

from collections.abc import Sequence
from math import prod
from typing import Any

from db.definition import FeatureType, UseCase
from fleet.errors import InvalidRequestError
from ml_model.service.live.table import Table
from ml_model.web.inference_schema import InferRequest, InputTensor, Parameters


class UnusableTensorError(InvalidRequestError):
    """A tensor is not one that the model takes or gives."""

    def __init__(self, error: str) -> None:
        super().__init__(
            error,
            "GET /v2/models/<name> describes the tensors; one for each feature, by its name, is taken too",
        )


def refuse_shared_memory(what: str, parameters: Parameters) -> None:
    """Raise UnusableTensorError where a tensor is in memory that the client shares with its server."""
    if any(name.startswith("shared_memory_") for name in parameters):
        raise UnusableTensorError(f"{what[:80]} is in shared memory, which this server does not have")


def described_inputs(use_case: UseCase) -> list[dict[str, Any]]:
    """The tensors that are taken: one for all features, or one for each where some are texts."""
    kinds = [feature.type for feature in use_case.features]
    if FeatureType.CATEGORY not in kinds:
        return [{"name": "features", "datatype": "FP64", "shape": [-1, len(kinds)]}]
    return [
        {"name": name, "datatype": "BYTES" if kind is FeatureType.CATEGORY else "FP64", "shape": [-1]}
        for name, kind in zip(use_case.feature_names, kinds, strict=True)
    ]


def table_of(request: InferRequest, features: Sequence[str]) -> Table:
    """The rows in the inputs. Raises UnusableTensorError."""
    inputs = request.inputs
    if not inputs:
        raise UnusableTensorError("There are no inputs")
    if len(inputs) == 1 and _is_whole(inputs[0], features):
        return Table(_rows(inputs[0], len(features)), free=True)
    columns = [_column(tensor) for tensor in inputs]
    if len({len(column) for column in columns}) > 1:
        raise UnusableTensorError("The inputs do not all have as many rows")
    return Table(list(zip(*columns, strict=True)), [tensor.name for tensor in inputs], free=True)


def _is_whole(tensor: InputTensor, features: Sequence[str]) -> bool:
    """Whether it has all features. One may have the name that such a tensor has as a rule."""
    return tensor.name not in features or (len(tensor.shape) == 2 and tensor.shape[1] == len(features))


def _rows(tensor: InputTensor, features: int) -> list[list[Any]]:
    values = flat(tensor)
    if len(tensor.shape) != 2 or tensor.shape[1] != features:
        raise UnusableTensorError(
            f"Input '{tensor.name}' has the shape {tensor.shape}: it should be [rows, {features}]"
        )
    return [values[start : start + features] for start in range(0, len(values), features)]


def _column(tensor: InputTensor) -> list[Any]:
    values = flat(tensor)
    if tensor.shape not in ([len(values)], [len(values), 1]):
        raise UnusableTensorError(
            f"Input '{tensor.name}' has the shape {tensor.shape}: a feature's should be [rows] or [rows, 1]"
        )
    return values


def flat(tensor: InputTensor) -> list[Any]:
    """Its values, row by row, however deep they are nested."""
    values: list[Any] = tensor.data or []
    for _ in tensor.shape[1:]:
        if values and all(isinstance(part, list) for part in values):
            values = [value for part in values for value in part]
    if min(tensor.shape, default=0) < 0 or prod(tensor.shape) != len(values) or not tensor.shape:
        raise UnusableTensorError(
            f"Input '{tensor.name}' has {len(values)} values, which do not fill its shape {tensor.shape}"
        )
    return values
