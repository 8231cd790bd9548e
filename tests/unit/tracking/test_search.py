"""The search of one model."""

import os
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.multiclass import OneVsRestClassifier
from skops.io import dumps, get_untrusted_types  # type: ignore[import-untyped]

from fleet.catalogue import Preprocessing, build_pipeline, models_for
from tests.searches import search, search_all
from tracking.persistence.model.search import SearchRequest, TrainingSet
from tracking.service.metrics import compute_metrics


def request(
    model: str, grid: dict[str, list[Any]], preprocessing: Preprocessing = "none", cv: int = 5
) -> SearchRequest:
    """A search of one model."""
    return SearchRequest([model], {model: grid}, "accuracy", cv, preprocessing)


def test_liblinear_on_unscaled_wine_gives_the_references_figures(wine: TrainingSet) -> None:
    found = search(
        "LogisticRegression", request("LogisticRegression", {"C": [0.1, 1], "solver": ["liblinear"]}), wine
    )
    assert found.hyperparameters == {"C": 0.1, "solver": "liblinear"}
    assert {name: round(value, 6) for name, value in found.metrics.items()} == {
        "accuracy": 0.924528,
        "f1_score": 0.923742,
        "precision": 0.925799,
        "recall": 0.924528,
    }


def test_the_cost_of_the_search_is_measured(wine: TrainingSet) -> None:
    found = search("SVC", request("SVC", {"C": [1]}, "standard_scaler", cv=2), wine)
    assert found.execution_time_s > 0
    assert 0 < found.cpu_percent <= 100 * (os.cpu_count() or 1)


def test_a_grid_may_mix_solvers_that_need_one_model_per_class_with_those_that_do_not(
    wine: TrainingSet,
) -> None:
    grid: dict[str, list[Any]] = {"solver": ["lbfgs", "liblinear"], "C": [1]}
    outcome = search_all(request("LogisticRegression", grid, "standard_scaler"), wine)
    wrapped = isinstance(
        outcome.pipelines["LogisticRegression"].named_steps["estimator"], OneVsRestClassifier
    )
    best = outcome.found["LogisticRegression"].hyperparameters
    assert wrapped == (best["solver"] == "liblinear")


def test_an_empty_grid_searches_the_defaults(wine: TrainingSet) -> None:
    found = search("SVC", request("SVC", {}, "standard_scaler", cv=2), wine)
    assert found.hyperparameters == {}
    assert [candidate.hyperparameters for candidate in found.candidates] == [{}]


def test_missing_values_are_imputed(wine: TrainingSet) -> None:
    features = wine.features.copy()
    features[::7, 3] = np.nan
    holes = TrainingSet(wine.use_case, wine.feature_names, features, wine.target)
    assert search("SVC", request("SVC", {}, "standard_scaler"), holes).metrics["accuracy"] > 0.9


def test_the_fitted_pipeline_knows_the_features_names(wine: TrainingSet) -> None:
    fitted = search_all(request("SVC", {}, cv=2), wine).pipelines["SVC"]
    assert tuple(fitted.feature_names_in_) == wine.feature_names


def test_the_same_search_twice_finds_the_same(wine: TrainingSet) -> None:
    asked = request("RandomForest", {"n_estimators": [1, 3], "max_depth": [None, 3]})
    first, second = search("RandomForest", asked, wine), search("RandomForest", asked, wine)
    assert first.hyperparameters == second.hyperparameters
    assert first.metrics == second.metrics


def test_a_class_that_is_never_predicted_counts_as_zero() -> None:
    metrics = compute_metrics("classification", np.array([0, 1, 1, 1]), np.array([1, 1, 1, 1]))
    assert metrics["precision"] == pytest.approx(0.75 * 0.75)


@pytest.mark.parametrize("model", models_for("regression"))
def test_every_regressor_is_searched_with_categories(fires: TrainingSet, model: str) -> None:
    asked = SearchRequest([model], {model: {}}, "neg_mean_absolute_error", 5, "standard_scaler")
    outcome = search_all(asked, fires)
    found = outcome.found[model]
    assert found.metrics["r2"] > 0.7
    assert 0 < found.metrics["mae"] < found.metrics["rmse"] < found.metrics["max_error"]
    assert tuple(outcome.pipelines[model].feature_names_in_) == fires.feature_names


def test_the_best_of_a_grid_has_the_smallest_error(fires: TrainingSet) -> None:
    asked = SearchRequest(
        ["Ridge"], {"Ridge": {"alpha": [1e6, 1.0, 1e3]}}, "neg_mean_absolute_error", 5, "standard_scaler"
    )
    assert search("Ridge", asked, fires).hyperparameters == {"alpha": 1.0}


@pytest.mark.parametrize("class_weight", [{"0": 1, "1": 20, "2": 1}, "balanced"])
def test_a_model_with_class_weights_is_the_one_that_is_deployed_and_of_scikit_learn_alone(
    wine: TrainingSet, class_weight: Any
) -> None:
    hyperparameters = {"solver": "liblinear", "class_weight": class_weight}
    grid = {name: [value] for name, value in hyperparameters.items()}
    outcome = search_all(request("LogisticRegression", grid, "standard_scaler"), wine)
    found = outcome.pipelines["LogisticRegression"]
    assert type(found["estimator"]) is OneVsRestClassifier
    deployed = build_pipeline("LogisticRegression", hyperparameters, classes=3)
    np.testing.assert_allclose(
        found.predict_proba(pd.DataFrame(wine.features, columns=list(wine.feature_names))),
        deployed.fit(wine.features, wine.target).predict_proba(wine.features),
        atol=1e-12,
    )
    assert set(get_untrusted_types(data=dumps(found))) <= {"numpy.dtype"}
