"""Answers as tensors of the Open Inference Protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from db.definition import Task, UseCase
from ml_model.service.live.opened import Served
from ml_model.service.live.predictions import Answer
from ml_model.web.inference_schema import InferRequest, OutputWish
from ml_model.web.tensors import UnusableTensorError, refuse_shared_memory

PROBABILITIES = "probabilities"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An output that is asked for. most_probable: how many classes, of Triton's extension; else None."""

    name: str
    most_probable: int | None = None


def described_outputs(use_case: UseCase, served: Served, *, stored: bool) -> list[dict[str, Any]]:
    """The tensors that a model gives. stored: rows are, so that they have a number."""
    is_class = use_case.task is Task.CLASSIFICATION
    probabilities = {"name": PROBABILITIES, "datatype": "FP64", "shape": [-1, -1]}
    return [
        {"name": "predictions", "datatype": "INT64" if is_class else "FP64", "shape": [-1]},
        *([probabilities] if served.predictor.gives_probabilities else []),
        *([{"name": "sample_index", "datatype": "INT64", "shape": [-1]}] if stored else []),
    ]


def wanted_outputs(request: InferRequest, given: Sequence[str]) -> list[Wanted]:
    """The tensors that are asked for. given: names, by the model. Raises UnusableTensorError."""
    if not request.outputs:
        return [Wanted(name) for name in given]
    names = [each.name for each in request.outputs]
    if len(set(names)) < len(names):
        raise UnusableTensorError("An output is asked for twice")
    for name in names:
        if name not in given:
            raise UnusableTensorError(
                f"There is no output '{name[:60]}': this model gives {', '.join(given)}"
            )
    return [Wanted(each.name, _most_probable(each)) for each in request.outputs]


def _most_probable(wish: OutputWish) -> int | None:
    parameters = wish.parameters or {}
    refuse_shared_memory(f"Output '{wish.name}'", parameters)
    count = parameters.get("classification")
    if not count:  # Triton's clients send 0 for none
        return None
    if wish.name != PROBABILITIES:
        raise UnusableTensorError(f"The parameter 'classification' is for '{PROBABILITIES}' only")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise UnusableTensorError("The parameter 'classification' is no number of classes")
    return count


def outputs_of(answer: Answer, wanted: Sequence[Wanted], *, whole: bool) -> list[dict[str, Any]]:
    """The tensors that are wanted and that the answer has. whole: predictions are integers."""
    made = [_output(each, answer, whole=whole) for each in wanted]
    return [each for each in made if each is not None]


def _output(wanted: Wanted, answer: Answer, *, whole: bool) -> dict[str, Any] | None:
    rows = len(answer.predictions)
    if wanted.name == "predictions":
        kind = "INT64" if whole else "FP64"
        return {"name": wanted.name, "shape": [rows], "datatype": kind, "data": answer.predictions}
    if wanted.name == "sample_index":
        if answer.numbers is None:
            return None
        return {"name": wanted.name, "shape": [rows], "datatype": "INT64", "data": list(answer.numbers)}
    if answer.probabilities is None:
        return None
    told: list[list[Any]] = answer.probabilities
    if wanted.most_probable is not None:
        told = [_ranked(row, wanted.most_probable) for row in answer.probabilities]
    kind = "FP64" if wanted.most_probable is None else "BYTES"
    flat = [value for row in told for value in row]
    return {"name": wanted.name, "shape": [rows, len(told[0])], "datatype": kind, "data": flat}


def _ranked(probabilities: Sequence[float], count: int) -> list[str]:
    """The most probable classes as Triton writes them: the probability and the position."""
    order = np.argsort(-np.array(probabilities), kind="stable")[:count]
    return [f"{probabilities[position]:f}:{position}" for position in order]
