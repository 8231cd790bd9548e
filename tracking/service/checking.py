"""Everything about an optimisation that can be refused, before anything is created."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterGrid

from fleet.catalogue import Task, check_hyperparameters, check_model
from fleet.errors import InvalidRequestError
from fleet.settings import SEED
from tracking.persistence.model.search import Grid, SearchRequest, TrainingSet
from tracking.service.bounds import Bounds
from tracking.service.refusals import (
    LONGEST_HYPERPARAMETERS,
    FoldsError,
    GridTooLargeError,
    HyperparametersRefusedError,
    ScoringRefusedError,
    SearchFailedError,
    TooFewNumbersError,
    TooFewRowsError,
    UnknownScoringError,
    ValueTooDeepError,
)
from tracking.service.scorings import scorings_for
from tracking.service.search import combinations, pipeline_of
from tracking.utils.quiet import no_warnings

TRIAL_ROWS = 10  # of each class
TRIAL_ROWS_OF_NUMBERS = 30
MOST_TRIALS = 200
DEEPEST_VALUE = 3  # as {"class_weight": {...}}, with some room
ROWS_OF_A_FOLD = 2  # without two, R² is no number


def check_request(request: SearchRequest, task: Task, bounds: Bounds) -> None:
    """Models, sizes, names in the grids and scoring; needs no data."""
    for model_name in request.models:
        check_model(model_name, task)
    bounds.check(request)
    for model_name in request.models:
        _check_grid(model_name, request.grids[model_name])
    if request.scoring not in scorings_for(task):
        raise UnknownScoringError(request.scoring, task)


def check_on(request: SearchRequest, training: TrainingSet) -> None:
    """Folds, the combinations and the scoring, tried on a few rows of the training set."""
    check_folds(request.cv, training)
    trial = _few_rows(training)
    with no_warnings():
        for model_name in request.models:
            for combination in _to_try(request.grids[model_name]):
                if _refusal(model_name, combination, request, trial) is not None:
                    # A few rows may be too few for it: only the whole set can tell.
                    _raise_refusal(model_name, combination, request, training)
            _check_scoring(model_name, request, trial, training)


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


def explain(
    model_name: str, request: SearchRequest, training: TrainingSet, error: Exception
) -> InvalidRequestError:
    """Why a search that passed the checks failed after all: which combination, or what else."""
    with no_warnings():
        for combination in combinations(request.grids[model_name]):
            reason = _refusal(model_name, combination, request, training)
            if reason is not None:
                return HyperparametersRefusedError(model_name, combination, reason)
    return SearchFailedError(model_name, request.scoring, request.cv, _reason(error))


def _check_grid(model_name: str, grid: Grid) -> None:
    longest = 0
    for name, values in grid.items():
        sizes = []
        for value in values:
            if _depth(value) > DEEPEST_VALUE:
                raise ValueTooDeepError(model_name, name, DEEPEST_VALUE)
            check_hyperparameters(model_name, {name: value})
            sizes.append(len(json.dumps(value)))
        longest += len(json.dumps(name)) + max(sizes)
    if longest > LONGEST_HYPERPARAMETERS:
        raise GridTooLargeError(model_name)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


def _to_try(grid: Grid) -> list[dict[str, Any]]:
    """Every combination, or of many those that have each value once, and some more.

    What only another one of them is refused for, the search itself will find.
    """
    everything = ParameterGrid(dict(grid))
    if len(everything) <= MOST_TRIALS:
        return list(everything)
    first = everything[0]
    each = [{**first, name: value} for name, values in grid.items() for value in values]
    chosen = np.random.default_rng(SEED).choice(len(everything), MOST_TRIALS, replace=False)
    return [*each[:MOST_TRIALS], *(everything[int(number)] for number in chosen)]


def _few_rows(training: TrainingSet) -> TrainingSet:
    if training.classifies:
        rows = [np.flatnonzero(training.target == value)[:TRIAL_ROWS] for value in np.unique(training.target)]
        chosen = np.sort(np.concatenate(rows))
    else:
        chosen = np.arange(min(len(training.target), TRIAL_ROWS_OF_NUMBERS))
    return replace(training, features=training.features[chosen], target=training.target[chosen])


def _refusal(
    model_name: str, combination: dict[str, Any], request: SearchRequest, training: TrainingSet
) -> str | None:
    try:
        pipeline_of(model_name, combination, request, training).fit(training.features, training.target)
    except Exception as error:  # noqa: BLE001  # estimators raise whatever they like at values they cannot use
        return _reason(error)
    return None


def _raise_refusal(
    model_name: str, combination: dict[str, Any], request: SearchRequest, training: TrainingSet
) -> None:
    reason = _refusal(model_name, combination, request, training)
    if reason is not None:
        raise HyperparametersRefusedError(model_name, combination, reason)


def _check_scoring(
    model_name: str, request: SearchRequest, trial: TrainingSet, training: TrainingSet
) -> None:
    if _scoring_failure(model_name, request, trial) is None:
        return
    reason = _scoring_failure(model_name, request, training)
    if reason is not None:
        raise ScoringRefusedError(request.scoring, model_name, reason, training.task)


def _scoring_failure(model_name: str, request: SearchRequest, rows: TrainingSet) -> str | None:
    first = combinations(request.grids[model_name])[0]
    try:
        pipeline = pipeline_of(model_name, first, request, rows).fit(rows.features, rows.target)
        score = get_scorer(request.scoring)(pipeline, rows.features, rows.target)
    except Exception as error:  # noqa: BLE001  # so do scorers
        return _reason(error)
    return None if np.isfinite(score) else "it gives no number"


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
