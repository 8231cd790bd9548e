"""Which candidates the methods try, beside scikit-learn's own searches."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV

from fleet.catalogue import CATALOGUE, Range, build_pipeline
from tests.searches import FitsInMemory, Outcome, search_all
from tracking.persistence.model.search import Budget, SearchRequest, TrainingSet

TREES: dict[str, list[Any]] = {
    "max_depth": [1, 2, 3, 4, 5, None],
    "min_samples_split": [2, 4, 8],
    "n_estimators": [2],
}


def request(grid: dict[str, list[Any]], **changes: Any) -> SearchRequest:
    """Of one forest, unless told otherwise."""
    fields: dict[str, Any] = {
        "models": ["RandomForest"],
        "grids": {"RandomForest": grid},
        "scoring": "accuracy",
        "cv": 3,
        "preprocessing": "none",
        **changes,
    }
    return SearchRequest(**fields)


def prefixed(grid: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {f"estimator__{name}": values for name, values in grid.items()}


def plain(params: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name.removeprefix("estimator__"): value for name, value in each.items()} for each in params]


def test_a_grid_search_has_the_scores_and_the_best_of_scikit_learns(wine: TrainingSet) -> None:
    theirs = GridSearchCV(
        build_pipeline("RandomForest", {}, classes=3, preprocessing="none"), prefixed(TREES)
    )
    theirs.set_params(cv=3, scoring="accuracy", refit=False).fit(wine.features, wine.target)
    ours = search_all(request(TREES), wine).found["RandomForest"]
    assert [each.hyperparameters for each in ours.candidates] == plain(theirs.cv_results_["params"])
    means = [each.mean_score for each in ours.candidates]
    assert means == theirs.cv_results_["mean_test_score"].tolist()
    assert [each.std_score for each in ours.candidates] == theirs.cv_results_["std_test_score"].tolist()
    assert ours.hyperparameters == plain([theirs.best_params_])[0]
    assert len(set(means)) < len(means)  # there are ties: the first of the best is taken
    assert int(np.argmax(means)) == theirs.best_index_


@pytest.mark.parametrize("candidates", [5, 18])
def test_halving_goes_scikit_learns_way(candidates: int, wine: TrainingSet) -> None:
    pipeline = build_pipeline("RandomForest", {}, classes=3, preprocessing="none")
    common: dict[str, Any] = {"cv": 3, "scoring": "accuracy", "refit": False, "random_state": 42}
    if candidates == 18:
        theirs = HalvingGridSearchCV(pipeline, prefixed(TREES), **common)
    else:
        theirs = HalvingRandomSearchCV(
            pipeline, prefixed(TREES), min_resources="exhaust", n_candidates=candidates, **common
        )
    theirs.fit(wine.features, wine.target)
    ours = search_all(request(TREES, method="halving", budget=Budget(candidates)), wine).found["RandomForest"]
    assert [each.hyperparameters for each in ours.candidates] == plain(theirs.cv_results_["params"])
    assert [each.rows for each in ours.candidates] == theirs.cv_results_["n_resources"].tolist()
    assert [each.mean_score for each in ours.candidates] == theirs.cv_results_["mean_test_score"].tolist()
    assert ours.hyperparameters == plain([theirs.best_params_])[0]


@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_a_model_without_a_grid_is_searched_in_the_catalogues_space_and_twice_alike(
    method: Any, wine: TrainingSet
) -> None:
    asked = request({}, models=["SVC"], grids={}, method=method, budget=Budget(10))
    first, second = (search_all(asked, wine).found["SVC"] for _ in range(2))
    tried = [each.hyperparameters for each in first.candidates]
    assert tried == [each.hyperparameters for each in second.candidates]
    assert len({str(each) for each in tried}) == 10
    assert first.hyperparameters == second.hyperparameters
    costs = [each["C"] for each in tried]
    assert all(type(cost) is float and 0.01 <= cost <= 1000 for cost in costs)
    assert first.grid == {"C": [0.01, 1000], "kernel": ["rbf", "linear"], "gamma": [0.0001, 1]}
    assert first.metrics["accuracy"] > 0.85


@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_no_more_is_tried_than_there_are_combinations(method: Any, wine: TrainingSet) -> None:
    asked = request({"n_estimators": [1, 2]}, method=method, budget=Budget(50))
    candidates = search_all(asked, wine).found["RandomForest"].candidates
    assert {each.hyperparameters["n_estimators"] for each in candidates} == {1, 2}
    assert len(candidates) == 2


@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_lists_with_more_combinations_than_can_be_counted_are_drawn_from(
    method: Any, wine: TrainingSet
) -> None:
    names = ("C", "tol", "coef0", "gamma", "degree", "cache_size", "max_iter", "class_weight")
    vast: dict[str, list[Any]] = {name: [1, 2, 3, 4, 5, 6, 7, 8] * 20 for name in names[:-1]}
    vast["class_weight"] = [None, {"0": 2.0}] * 80
    asked = request({}, models=["SVC"], grids={"SVC": vast}, method=method, budget=Budget(4))
    assert len(search_all(asked, wine).found["SVC"].candidates) >= 4


@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_a_budget_of_seconds_is_kept_and_shared(method: Any, wine: TrainingSet) -> None:
    models = ["LogisticRegression", "SVC"]
    asked = request({}, models=models, grids={}, method=method, budget=Budget(10_000, seconds=0.6))
    outcome = search_all(asked, wine)
    assert set(outcome.found) == set(models)
    for found in outcome.found.values():
        assert 1 <= len(found.candidates) < 10_000
        assert found.execution_time_s < 20


def test_every_space_holds_what_its_estimator_takes(wine: TrainingSet, fires: TrainingSet) -> None:
    for name, entry in CATALOGUE.items():
        rows = wine if entry.task == "classification" else fires
        scoring = "accuracy" if rows is wine else "r2"
        for end in ("low", "high"):
            grid = {n: [getattr(p, end)] if isinstance(p, Range) else p for n, p in entry.space.items()}
            grid = {
                n: [min(v, 2) if n == "n_estimators" else v for v in values] for n, values in grid.items()
            }
            asked = request({}, models=[name], grids={name: grid}, scoring=scoring, cv=2)
            candidates = search_all(asked, rows).found[name].candidates
            assert [each.reason for each in candidates if each.reason] == []


def searched_twice(asked: SearchRequest, wine: TrainingSet) -> tuple[Outcome, Outcome]:
    """A search, and the same again by who knows half of its fits: it makes those that are missing."""
    whole = FitsInMemory()
    first = search_all(asked, wine, fits=whole)
    half = FitsInMemory(dict(list(whole.known.items())[: len(whole.known) // 2]))
    missing = set(whole.known) - set(half.known)
    second = search_all(asked, wine, fits=half)
    assert sorted(half.added, key=str) == sorted(missing, key=str)
    return first, second


def test_a_search_that_is_taken_up_again_makes_the_fits_that_are_missing(wine: TrainingSet) -> None:
    for method in ("random", "halving", "optuna"):
        asked = request({}, models=["SVC"], grids={}, method=method, budget=Budget(9))
        first, second = searched_twice(asked, wine)
        assert second.found["SVC"].hyperparameters == first.found["SVC"].hyperparameters
        assert [c.scores for c in second.found["SVC"].candidates] == [
            c.scores for c in first.found["SVC"].candidates
        ]


INCLUDED: dict[str, dict[str, Any]] = {
    "in the space": {"C": 7.5, "kernel": "linear", "gamma": 0.5},
    "out of the space": {"C": 5000, "kernel": "rbf", "gamma": 0.5},
    "other hyperparameters": {"kernel": "poly", "degree": 2},
    "the defaults": {},
}


@pytest.mark.parametrize("setting", INCLUDED.values(), ids=[*INCLUDED])
@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_what_is_included_is_tried_first_beside_what_is_drawn(
    method: Any, setting: dict[str, Any], wine: TrainingSet
) -> None:
    asked = request({}, models=["SVC"], grids={}, method=method, budget=Budget(8), include={"SVC": setting})
    found = search_all(asked, wine).found["SVC"]
    least = min(each.rows for each in found.candidates)
    tried = [each.hyperparameters for each in found.candidates if each.rows == least]
    assert tried[0] == setting
    assert len({str(each) for each in tried}) == len(tried) == 9
    without = search_all(replace(asked, include={}), wine).found["SVC"].candidates
    if method != "optuna":  # which learns from what is included
        assert tried[1:] == [each.hyperparameters for each in without][:8]


@pytest.mark.parametrize("method", ["grid", "random", "halving", "optuna"])
@pytest.mark.parametrize(
    ("grid", "setting", "tried"),
    [
        ({}, {"n_estimators": 3}, [{"n_estimators": 3}, {}]),
        ({}, {}, [{}]),
        ({}, {"n_estimators": 100}, [{"n_estimators": 100}]),  # which is the default
        ({"n_estimators": [1, 2]}, {"n_estimators": 2}, [{"n_estimators": 2}, {"n_estimators": 1}]),
    ],
)
def test_what_is_included_is_tried_once_though_the_grid_has_it(
    *, method: Any, grid: dict[str, Any], setting: dict[str, Any], tried: list[Any], wine: TrainingSet
) -> None:
    budget = None if method == "grid" else Budget(50)
    asked = request(grid, method=method, budget=budget, include={"RandomForest": setting})
    candidates = search_all(asked, wine).found["RandomForest"].candidates
    assert [each.hyperparameters for each in candidates] == tried


@pytest.mark.parametrize("method", ["random", "halving", "optuna"])
def test_what_is_included_is_tried_though_there_is_no_time_left(method: Any, wine: TrainingSet) -> None:
    setting = {"C": 0.5, "kernel": "poly"}
    asked = request({}, models=["SVC"], grids={}, method=method, include={"SVC": setting})
    asked = replace(asked, budget=Budget(10_000, seconds=1e-6))
    (only,) = search_all(asked, wine).found["SVC"].candidates
    assert only.hyperparameters == setting


def test_of_halving_the_last_round_says_how_good_a_model_is(wine: TrainingSet) -> None:
    found = search_all(request(TREES, method="halving", budget=Budget(18)), wine).found["RandomForest"]
    last = [each.mean_score for each in found.candidates if each.rows == found.candidates[-1].rows]
    assert found.best_score == max(last)
    assert len(last) < len(found.candidates)


def test_a_search_with_an_included_setting_makes_only_the_fits_that_are_missing(wine: TrainingSet) -> None:
    for setting in ({"C": 7.5, "kernel": "linear", "gamma": 0.5}, {"kernel": "poly"}):
        asked = request(
            {}, models=["SVC"], grids={}, method="optuna", budget=Budget(9), include={"SVC": setting}
        )
        first, second = searched_twice(asked, wine)
        tried = [[each.hyperparameters for each in one.found["SVC"].candidates] for one in (first, second)]
        assert tried[0] == tried[1]
