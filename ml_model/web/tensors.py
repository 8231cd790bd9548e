"""Tensors of the Open Inference Protocol as rows, and answers as tensors."""

from collections.abc import Sequence
from math import prod
from typing import Any

from db.definition import FeatureType, Task, UseCase
from fleet.errors import InvalidRequestError
from ml_model.service.live.opened import Served
from ml_model.service.live.predictions import Answer
from ml_model.service.live.table import Table
from ml_model.web.inference_schema import InferRequest, InputTensor


class UnusableTensorError(InvalidRequestError):
    """A tensor is not one that the model takes or gives."""

    def __init__(self, error: str) -> None:
        super().__init__(
            error,
            "GET /v2/models/<name> describes the tensors; one for each feature, by its name, is taken too",
        )


def described_inputs(use_case: UseCase) -> list[dict[str, Any]]:
    """The tensors that are taken: one for all features, or one for each where some are texts."""
    kinds = [feature.type for feature in use_case.features]
    if FeatureType.CATEGORY not in kinds:
        return [{"name": "features", "datatype": "FP64", "shape": [-1, len(kinds)]}]
    return [
        {"name": name, "datatype": "BYTES" if kind is FeatureType.CATEGORY else "FP64", "shape": [-1]}
        for name, kind in zip(use_case.feature_names, kinds, strict=True)
    ]


def described_outputs(use_case: UseCase, served: Served, *, stored: bool) -> list[dict[str, Any]]:
    """The tensors that a model gives. stored: rows are, so that they have a number."""
    is_class = use_case.task is Task.CLASSIFICATION
    probabilities = {"name": "probabilities", "datatype": "FP64", "shape": [-1, -1]}
    return [
        {"name": "predictions", "datatype": "INT64" if is_class else "FP64", "shape": [-1]},
        *([probabilities] if served.predictor.gives_probabilities else []),
        *([{"name": "sample_index", "datatype": "INT64", "shape": [-1]}] if stored else []),
    ]


def wanted_outputs(request: InferRequest, given: Sequence[str]) -> list[str]:
    """The names of the tensors that are asked for. given: by the model. Raises UnusableTensorError."""
    if request.outputs is None:
        return list(given)
    wanted = [each.name for each in request.outputs]
    if len(set(wanted)) < len(wanted):
        raise UnusableTensorError("An output is asked for twice")
    for name in wanted:
        if name not in given:
            raise UnusableTensorError(
                f"There is no output '{name[:60]}': this model gives {', '.join(given)}"
            )
    return wanted


def table_of(request: InferRequest, features: Sequence[str]) -> Table:
    """The rows in the inputs. Raises UnusableTensorError."""
    inputs = request.inputs
    if not inputs:
        raise UnusableTensorError("There are no inputs")
    if len(inputs) == 1 and inputs[0].name not in features:
        return Table(_rows(inputs[0], len(features)))
    columns = [_column(tensor) for tensor in inputs]
    if len({len(column) for column in columns}) > 1:
        raise UnusableTensorError("The inputs do not all have as many rows")
    return Table(list(zip(*columns, strict=True)), [tensor.name for tensor in inputs])


def _rows(tensor: InputTensor, features: int) -> list[list[Any]]:
    flat = _flat(tensor)
    if len(tensor.shape) != 2 or tensor.shape[1] != features:
        raise UnusableTensorError(
            f"Input '{tensor.name}' has the shape {tensor.shape}: it should be [rows, {features}]"
        )
    return [flat[start : start + features] for start in range(0, len(flat), features)]


def _column(tensor: InputTensor) -> list[Any]:
    flat = _flat(tensor)
    if tensor.shape not in ([len(flat)], [len(flat), 1]):
        raise UnusableTensorError(
            f"Input '{tensor.name}' has the shape {tensor.shape}: a feature's should be [rows] or [rows, 1]"
        )
    return flat


def _flat(tensor: InputTensor) -> list[Any]:
    """Its values, row by row, however deep they are nested."""
    flat: list[Any] = tensor.data or []
    for _ in tensor.shape[1:]:
        if flat and all(isinstance(part, list) for part in flat):
            flat = [value for part in flat for value in part]
    if min(tensor.shape, default=0) < 0 or prod(tensor.shape) != len(flat) or not tensor.shape:
        raise UnusableTensorError(
            f"Input '{tensor.name}' has {len(flat)} values, which do not fill its shape {tensor.shape}"
        )
    return flat


def outputs_of(answer: Answer, wanted: Sequence[str], *, whole: bool) -> list[dict[str, Any]]:
    """The tensors of these names that the answer has. whole: predictions are integers."""
    made = [_output(name, answer, whole=whole) for name in wanted]
    return [each for each in made if each is not None]


def _output(name: str, answer: Answer, *, whole: bool) -> dict[str, Any] | None:
    rows = len(answer.predictions)
    if name == "predictions":
        kind = "INT64" if whole else "FP64"
        return {"name": name, "shape": [rows], "datatype": kind, "data": answer.predictions}
    if name == "sample_index":
        if answer.numbers is None:
            return None
        return {"name": name, "shape": [rows], "datatype": "INT64", "data": list(answer.numbers)}
    if answer.probabilities is None:
        return None
    flat = [value for row in answer.probabilities for value in row]
    shape = [rows, len(flat) // rows]
    return {"name": name, "shape": shape, "datatype": "FP64", "data": flat}
