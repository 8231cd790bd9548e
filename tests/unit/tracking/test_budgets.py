"""How far searches may go that are no grid searches."""

from typing import Any

import pytest

from fleet.catalogue import models_for
from tests.unit.tracking.fakes import FakeMlflow
from tests.unit.tracking.test_optimisation import make_request, make_service, numbers_of
from tracking.persistence.model.search import TrainingSet
from tracking.service.bounds import Bounds
from tracking.service.refusals import (
    GridHasNoBudgetError,
    TooManyCombinationsError,
    TooManyFitsError,
    TooManyValuesError,
)


def test_auto_is_every_model_of_the_task_in_its_own_space(fires: TrainingSet) -> None:
    mlflow = FakeMlflow()
    asked = numbers_of({"models": "auto", "grids": {}, "candidates": 1, "scoring": None})
    make_service(fires, mlflow).optimise(asked)
    ((_, searches),) = mlflow.recorded
    assert [search.model_name for search in searches] == models_for("regression")
    assert all(len(search.candidates) == 1 for search in searches)


WIDE: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "a budget of a grid search": ({"candidates": 5}, GridHasNoBudgetError),
    "more candidates than one model may have": (
        {"method": "random", "grids": {}, "candidates": 51},
        TooManyCombinationsError,
    ),
    "more fits than a request may have": (
        {"method": "optuna", "grids": {}, "candidates": 50, "cv": 11},
        TooManyFitsError,
    ),
    "more values than anybody could look at": (
        {"method": "random", "grids": {"LogisticRegression": {"C": [1.0] * 51}}, "candidates": 2},
        TooManyValuesError,
    ),
    "halving's later rounds": (
        {"method": "halving", "grids": {}, "candidates": 50, "cv": 7},
        TooManyFitsError,
    ),
}


@pytest.mark.parametrize(("changes", "error"), WIDE.values(), ids=WIDE)
def test_every_method_is_held_to_the_bounds(
    changes: dict[str, Any], error: type[Exception], wine: TrainingSet
) -> None:
    with pytest.raises(error):
        make_service(wine, FakeMlflow()).optimise(make_request(**changes))


@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_a_budget_of_seconds_is_held_to_the_bounds_too(method: str) -> None:
    asked = make_request(models=["SVC", "RandomForest"], grids={}, method=method, seconds=1e9, cv=5)
    bounds = Bounds(50, 500)
    filled = bounds.filled(asked.search_request("classification"))
    bounds.check(filled)
    assert filled.budget is not None
    assert filled.budget.candidates == (30 if method == "halving" else 50)
