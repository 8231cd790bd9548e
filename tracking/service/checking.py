"""Everything about an optimisation that can be refused, before anything is created."""

import json
from typing import Any

import numpy as np
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

from fleet.catalogue import Task, catalogue_entry, check_hyperparameters, check_model
from tracking.persistence.model.search import Grid, SearchRequest, TrainingSet
from tracking.service.bounds import Bounds
from tracking.service.refusals import (
    LONGEST_HYPERPARAMETERS,
    FoldsError,
    GridTooLargeError,
    HyperparametersRefusedError,
    IncludedModelError,
    TooFewNumbersError,
    TooFewRowsError,
    UnknownScoringError,
    ValueTooDeepError,
)
from tracking.service.scorings import scorings_for

DEEPEST_VALUE = 3  # as {"class_weight": {...}}, with some room
ROWS_OF_A_FOLD = 2  # without two, R² is no number


def check_request(request: SearchRequest, task: Task, bounds: Bounds) -> None:
    """Models, sizes, names and values in the grids and in what is included, and scoring; needs no data."""
    for model_name in request.models:
        check_model(model_name, task)
    bounds.check(request)
    for model_name in request.models:
        _check_grid(model_name, request.grids.get(model_name, {}), "hyperparameters")
    for model_name, setting in request.include.items():
        if model_name not in request.models:
            raise IncludedModelError(model_name)
        _check_grid(model_name, {name: [value] for name, value in setting.items()}, "include")
    if request.scoring not in scorings_for(task):
        raise UnknownScoringError(request.scoring, task)


def check_folds(cv: int, training: TrainingSet) -> None:
    """Raises FoldsError unless 2 ≤ cv ≤ rows of the smallest class, or half of all rows of a regression."""
    if not training.classifies:
        _check_folds_of_numbers(cv, len(training.target))
        return
    _, rows = np.unique(training.target, return_counts=True)
    smallest = int(rows.min())
    if len(rows) < 2 or smallest < 2:
        raise TooFewRowsError
    if not 2 <= cv <= smallest:
        raise FoldsError(cv, smallest, "the rows of its smallest class")


def _check_folds_of_numbers(cv: int, rows: int) -> None:
    largest = rows // ROWS_OF_A_FOLD
    if largest < 2:
        raise TooFewNumbersError(2 * ROWS_OF_A_FOLD)
    if not 2 <= cv <= largest:
        raise FoldsError(cv, largest, f"so that each fold has {ROWS_OF_A_FOLD} rows")


def _check_grid(model_name: str, grid: Grid, field: str) -> None:
    """field: of the request that it stands in."""
    longest = 0
    for name, values in grid.items():
        sizes = []
        for value in values:
            if _depth(value) > DEEPEST_VALUE:
                raise ValueTooDeepError(model_name, name, DEEPEST_VALUE, field)
            check_hyperparameters(model_name, {name: value})
            _check_value(model_name, name, value, field)
            sizes.append(len(json.dumps(value)))
        longest += len(json.dumps(name)) + max(sizes)
    if longest > LONGEST_HYPERPARAMETERS:
        raise GridTooLargeError(model_name, field)


def _check_value(model_name: str, name: str, value: Any, field: str) -> None:
    """Its type and range, as the estimator declares them; which values go together, only a fit can tell."""
    estimator = catalogue_entry(model_name).estimator()
    declared = {name: estimator._parameter_constraints.get(name, "no_validation")}  # noqa: SLF001  # no other way
    try:
        validate_parameter_constraints(declared, {name: value}, type(estimator).__name__)
    except InvalidParameterError as error:
        raise HyperparametersRefusedError(model_name, {name: value}, str(error)[:300], field) from error


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)
