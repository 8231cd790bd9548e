"""Everything about an optimisation that can be refused, before anything is created."""

import json
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import ParameterGrid

from fleet.catalogue import catalogue_entry, check_hyperparameters
from fleet.errors import InvalidRequestError
from tracking.persistence.model.search import SearchRequest, TrainingSet
from tracking.service.refusals import (
    LONGEST_HYPERPARAMETERS,
    EmptyGridListError,
    FoldsError,
    GridMissingError,
    GridTooLargeError,
    HyperparametersRefusedError,
    ScoringRefusedError,
    SearchFailedError,
    TooFewRowsError,
    TooManyCombinationsError,
    UnknownScoringError,
)
from tracking.service.search import combinations, pipeline_of
from tracking.utils.quiet import no_warnings

TRIAL_ROWS = 10


def check_request(request: SearchRequest, *, max_combinations: int) -> None:
    """Models, names in the grids, sizes and scoring; needs no data."""
    for model_name in request.models:
        catalogue_entry(model_name)
    for model_name in request.models:
        _check_grid(model_name, request, max_combinations)
    if request.scoring not in get_scorer_names():
        raise UnknownScoringError(request.scoring)


def check_on(request: SearchRequest, training: TrainingSet) -> None:
    """Folds, every combination and the scoring, tried on a few rows of the training set."""
    check_folds(request.cv, training)
    trial = _few_rows(training)
    with no_warnings():
        for model_name in request.models:
            for combination in combinations(request.grids[model_name]):
                if _refusal(model_name, combination, request, trial) is not None:
                    # A few rows may be too few for it: only the whole set can tell.
                    _raise_refusal(model_name, combination, request, training)
            _check_scoring(model_name, request, trial, training)


def check_folds(cv: int, training: TrainingSet) -> None:
    """Raises FoldsError unless 2 ≤ cv ≤ rows of the smallest class."""
    _, rows = np.unique(training.classes, return_counts=True)
    smallest = int(rows.min())
    if len(rows) < 2 or smallest < 2:
        raise TooFewRowsError
    if not 2 <= cv <= smallest:
        raise FoldsError(cv, smallest)


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


def _check_grid(model_name: str, request: SearchRequest, max_combinations: int) -> None:
    grid = request.grids.get(model_name)
    if grid is None:
        raise GridMissingError(model_name)
    for name, values in grid.items():
        if not values:
            raise EmptyGridListError(model_name, name)
        for value in values:
            check_hyperparameters(model_name, {name: value})
    size = len(ParameterGrid(dict(grid)))
    if size > max_combinations:
        raise TooManyCombinationsError(model_name, size, max_combinations)
    longest = {name: max(values, key=lambda value: len(json.dumps(value))) for name, values in grid.items()}
    if len(json.dumps(longest)) > LONGEST_HYPERPARAMETERS:
        raise GridTooLargeError(model_name)


def _few_rows(training: TrainingSet) -> TrainingSet:
    rows = [np.flatnonzero(training.classes == value)[:TRIAL_ROWS] for value in np.unique(training.classes)]
    chosen = np.sort(np.concatenate(rows))
    return TrainingSet(
        training.use_case, training.feature_names, training.features[chosen], training.classes[chosen]
    )


def _refusal(
    model_name: str, combination: dict[str, Any], request: SearchRequest, training: TrainingSet
) -> str | None:
    try:
        pipeline_of(model_name, combination, request, training).fit(training.features, training.classes)
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
        raise ScoringRefusedError(request.scoring, model_name, reason)


def _scoring_failure(model_name: str, request: SearchRequest, rows: TrainingSet) -> str | None:
    first = combinations(request.grids[model_name])[0]
    try:
        pipeline = pipeline_of(model_name, first, request, rows).fit(rows.features, rows.classes)
        score = get_scorer(request.scoring)(pipeline, rows.features, rows.classes)
    except Exception as error:  # noqa: BLE001  # so do scorers
        return _reason(error)
    return None if np.isfinite(score) else "it gives no number"


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__
