"""The model catalogue."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler

from fleet.catalogue import (
    CATALOGUE,
    HyperparameterOutOfBoundsError,
    Preprocessing,
    Task,
    UnknownHyperparameterError,
    UnknownModelError,
    WrongTaskError,
    build_estimator,
    build_pipeline,
    catalogue_entry,
    check_hyperparameters,
    check_model,
    models_for,
)

CLASSIFIERS, REGRESSORS = models_for("classification"), models_for("regression")


def test_the_catalogue_holds_three_classifiers_and_four_regressors() -> None:
    assert CLASSIFIERS == ["RandomForest", "SVC", "LogisticRegression"]
    assert REGRESSORS == ["LinearRegression", "Ridge", "RandomForestRegressor", "GradientBoostingRegressor"]
    assert [*CATALOGUE] == [*CLASSIFIERS, *REGRESSORS]


@pytest.mark.parametrize("name", [*CATALOGUE, "XGBoost"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_model_that_is_not_for_the_task_is_answered_with_those_that_are(name: str, task: Task) -> None:
    if name in models_for(task):
        check_model(name, task)
        return
    with pytest.raises((UnknownModelError, WrongTaskError)) as caught:
        check_model(name, task)
    assert caught.value.status == 400
    assert all(f"'{fitting}'" in caught.value.message for fitting in models_for(task))
    assert (name in caught.value.error) == (name in CATALOGUE)


def test_an_unknown_model_is_answered_as_people_know_it() -> None:
    with pytest.raises(UnknownModelError) as caught:
        catalogue_entry("XGBoost")
    assert caught.value.status == 400
    assert caught.value.body() == {
        "code": "unknown_model",
        "error": "Model not Found",
        "message": "Please Specify 'RandomForest', 'SVC' or 'LogisticRegression'",
    }


@pytest.mark.parametrize(
    ("hyperparameters", "classes", "wrapped"),
    [
        ({"solver": "liblinear"}, 3, True),
        ({"solver": "liblinear", "C": 0.1}, 4, True),
        ({"solver": "liblinear"}, 2, False),
        ({"solver": "lbfgs"}, 3, False),
        ({}, 3, False),
    ],
)
def test_one_versus_rest_only_where_liblinear_meets_three_classes(
    hyperparameters: dict[str, Any], classes: int, wrapped: bool
) -> None:
    estimator = build_estimator("LogisticRegression", hyperparameters, classes)
    assert isinstance(estimator, OneVsRestClassifier if wrapped else LogisticRegression)


def test_liblinear_gives_the_known_accuracy_on_unscaled_wine() -> None:
    features, target = load_wine(return_X_y=True)
    features, _, target, _ = train_test_split(
        features, target, train_size=0.6, random_state=42, stratify=target
    )
    pipeline = build_pipeline(
        "LogisticRegression", {"C": 1, "solver": "liblinear"}, classes=3, preprocessing="none"
    )
    assert round(cross_val_score(pipeline, features, target, cv=5).mean(), 2) == 0.92


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_an_unknown_hyperparameter_is_named(name: str) -> None:
    with pytest.raises(UnknownHyperparameterError, match="flavour") as caught:
        check_hyperparameters(name, {"flavour": 1})
    assert all(hyperparameter in caught.value.message for hyperparameter in CATALOGUE[name].defaults)


@pytest.mark.parametrize("given", ["estimator", "estimator__C", "__class__", "C ", ""])
def test_no_hyperparameter_reaches_past_the_estimator(given: str) -> None:
    with pytest.raises(UnknownHyperparameterError):
        check_hyperparameters("LogisticRegression", {given: 1})


@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        ("RandomForest", {"n_estimators": 10_001}),
        ("RandomForest", {"n_estimators": 1e300}),
        ("RandomForest", {"n_jobs": 100_000}),  # a thread each
        ("LogisticRegression", {"n_jobs": 100_000}),
        ("SVC", {"cache_size": 1_000_000}),
        ("LogisticRegression", {"max_iter": 10**12}),
        ("LinearRegression", {"n_jobs": 100_000}),
        ("Ridge", {"max_iter": 10**12}),
        ("Ridge", {"alpha": -1}),
        ("RandomForestRegressor", {"n_estimators": 10_001}),
        ("GradientBoostingRegressor", {"n_estimators": 10_001}),
    ],
)
def test_a_hyperparameter_that_would_exhaust_the_machine_is_refused(
    name: str, hyperparameters: dict[str, Any]
) -> None:
    with pytest.raises(HyperparameterOutOfBoundsError):
        check_hyperparameters(name, hyperparameters)


@pytest.mark.parametrize("name", list(CATALOGUE))
@pytest.mark.parametrize("preprocessing", ["standard_scaler", "none"])
def test_a_pipeline_imputes_scales_where_asked_and_estimates(name: str, preprocessing: Preprocessing) -> None:
    pipeline = build_pipeline(name, {}, classes=3, preprocessing=preprocessing)
    assert list(pipeline.named_steps) == ["imputation", "scaling", "estimator"]
    scales = isinstance(pipeline.named_steps["scaling"], StandardScaler)
    assert scales == (preprocessing == "standard_scaler")


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name != "LinearRegression"])
def test_a_pipeline_is_seeded(name: str) -> None:
    pipeline = build_pipeline(name, {}, classes=3)
    assert pipeline.named_steps["estimator"].random_state == 42


def test_a_given_seed_goes_before_ours() -> None:
    pipeline = build_pipeline("RandomForest", {"random_state": 7}, classes=3)
    assert pipeline.named_steps["estimator"].random_state == 7


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_a_column_that_is_missing_throughout_takes_the_training_mean(name: str) -> None:
    features, target = load_wine(return_X_y=True)
    pipeline = build_pipeline(name, {}, classes=3).fit(features, target)
    missing, replaced = features.copy(), features.copy()
    missing[:, 5] = np.nan
    replaced[:, 5] = features[:, 5].mean()
    np.testing.assert_array_equal(pipeline.predict(missing), pipeline.predict(replaced))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_column_that_is_missing_throughout_in_training_is_kept(name: str) -> None:
    features, target = load_wine(return_X_y=True)
    features[:, 5] = np.nan
    pipeline = build_pipeline(name, {}, classes=3).fit(features, target)
    assert pipeline.score(features, target) > 0.9
    assert pipeline[:-1].transform(features).shape == features.shape


def test_building_does_not_change_the_hyperparameters() -> None:
    hyperparameters = {"C": 0.1}
    build_pipeline("SVC", hyperparameters, classes=3)
    assert hyperparameters == {"C": 0.1}


@pytest.mark.parametrize(
    "hyperparameters", [{"n_estimators": 3, "max_depth": None}, {"bootstrap": False, "n_estimators": 2}]
)
def test_hyperparameters_keep_the_types_that_json_gave(hyperparameters: dict[str, Any]) -> None:
    estimator = build_estimator("RandomForest", hyperparameters, 3)
    parameters = estimator.get_params()
    assert {name: parameters[name] for name in hyperparameters} == hyperparameters


def made_up_fires(rows: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A distance and one of three stations, of which one is slow; and the seconds."""
    random = np.random.default_rng(0)
    distance, station = random.uniform(0, 5, rows), random.integers(0, 3, rows)
    seconds = 200 + 40 * distance + 100 * (station == 2) + random.normal(0, 5, rows)
    return np.column_stack([distance, station.astype(float)]), seconds


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regressor_learns_a_number_from_a_number_and_a_category(name: str) -> None:
    features, seconds = made_up_fires()
    pipeline = build_pipeline(name, {}, classes=0, categories=(0, 3)).fit(features, seconds)
    assert pipeline.score(features, seconds) > 0.95
    slow, quick = pipeline.predict([[2.0, 2.0], [2.0, 0.0]])
    assert slow - quick == pytest.approx(100, abs=15)


@pytest.mark.parametrize("preprocessing", ["standard_scaler", "none"])
def test_categories_become_columns_and_what_is_missing_or_unknown_only_zeros(
    preprocessing: Preprocessing,
) -> None:
    features, seconds = made_up_fires()
    pipeline = build_pipeline("Ridge", {}, classes=0, preprocessing=preprocessing, categories=(0, 3))
    pipeline.fit(features, seconds)
    mean = features[:, 0].mean()
    rows = [[np.nan, 1.0], [mean, np.nan], [mean, 7.0], [mean, 0.5]]
    prepared = pipeline[:-1].transform(rows)
    number = 0.0 if preprocessing == "standard_scaler" else mean
    np.testing.assert_allclose(
        prepared, [[number, 0, 1, 0], [number, 0, 0, 0], [number, 0, 0, 0], [number, 0, 0, 0]], atol=1e-12
    )


def test_a_category_that_training_lacks_is_a_column_too() -> None:
    features, seconds = made_up_fires()
    pipeline = build_pipeline("LinearRegression", {}, classes=0, categories=(0, 9)).fit(features, seconds)
    assert pipeline[:-1].transform(features).shape == (200, 10)
    assert np.isfinite(pipeline.predict([[1.0, 8.0]])).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_take_categories_too_also_without_any_number(name: str) -> None:
    features = np.tile([[0.0, 2.0], [1.0, 0.0], [2.0, 1.0]], (10, 1))
    pipeline = build_pipeline(name, {}, classes=3, categories=(3, 3)).fit(features, np.tile([0, 1, 2], 10))
    assert pipeline.score(features, np.tile([0, 1, 2], 10)) == 1
