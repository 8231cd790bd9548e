"""The model catalogue: what the fleet can search, deploy and serve.

tracking searches and ml_model deploys the very same pipeline: imputation, scaling, one-hot categories,
estimator. Adding a model is one entry in `CATALOGUE`. This module imports scikit-learn, so only those two
services import it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from fleet.errors import InvalidRequestError
from fleet.one_versus_rest import WeighedOneVsRestClassifier
from fleet.settings import SEED

Preprocessing = Literal["standard_scaler", "none"]
Task = Literal["classification", "regression"]
Hyperparameters = Mapping[str, Any]

LARGEST_WEIGHT = 1e100  # of a class: beyond, liblinear does not end


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included. log: as many below the geometric middle as above."""

    low: float
    high: float
    log: bool = False
    integers: bool = False


Space = Mapping[str, Range | Sequence[Any]]


@dataclass(frozen=True)
class CatalogueEntry:
    """A model that can be asked for by name.

    estimator: makes the scikit-learn estimator with its defaults.
    task: what it is for.
    one_versus_rest: says whether these hyperparameters need one binary model per class.
    largest, smallest: bounds of a hyperparameter, beyond which it would only exhaust the machine.
    space: where good hyperparameters are looked for when nobody says which values to try.
    """

    estimator: Callable[[], BaseEstimator]
    task: Task = "classification"
    one_versus_rest: Callable[[Hyperparameters], bool] = lambda _: False
    largest: Mapping[str, int] = field(default_factory=dict)
    smallest: Mapping[str, float] = field(default_factory=dict)
    space: Space = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """Every hyperparameter that the estimator knows, with its default."""
        return dict(self.estimator().get_params(deep=False))


TREES = Range(50, 500, log=True, integers=True)
LEAVES: Space = {"max_depth": [None, 4, 8, 16], "min_samples_leaf": Range(1, 20, log=True, integers=True)}

CATALOGUE: Mapping[str, CatalogueEntry] = {
    "RandomForest": CatalogueEntry(
        RandomForestClassifier,
        largest={"n_estimators": 10_000, "n_jobs": 64},
        space={"n_estimators": TREES, **LEAVES, "max_features": ["sqrt", "log2", None]},
    ),
    "SVC": CatalogueEntry(
        SVC,
        largest={"cache_size": 4096},
        smallest={"tol": 1e-10},
        space={
            "C": Range(0.01, 1000, log=True),
            "kernel": ["rbf", "linear"],
            "gamma": Range(0.0001, 1, log=True),
        },
    ),
    "LogisticRegression": CatalogueEntry(
        LogisticRegression,
        one_versus_rest=lambda hyperparameters: hyperparameters.get("solver") == "liblinear",
        largest={"max_iter": 1_000_000, "n_jobs": 64},
        smallest={"tol": 1e-10},
        space={"C": Range(0.001, 100, log=True), "class_weight": [None, "balanced"]},
    ),
    "LinearRegression": CatalogueEntry(
        LinearRegression,
        "regression",
        largest={"n_jobs": 64},
        space={"fit_intercept": [True, False], "positive": [False, True]},
    ),
    "Ridge": CatalogueEntry(
        Ridge,
        "regression",
        largest={"max_iter": 1_000_000},
        smallest={"alpha": 0, "tol": 1e-10},
        space={"alpha": Range(0.001, 1000, log=True)},
    ),
    "RandomForestRegressor": CatalogueEntry(
        RandomForestRegressor,
        "regression",
        largest={"n_estimators": 10_000, "n_jobs": 64},
        space={"n_estimators": TREES, **LEAVES, "max_features": [1.0, "sqrt", 0.5]},
    ),
    "GradientBoostingRegressor": CatalogueEntry(
        GradientBoostingRegressor,
        "regression",
        largest={"n_estimators": 10_000},
        smallest={"tol": 1e-10},
        space={
            "n_estimators": TREES,
            "learning_rate": Range(0.01, 0.3, log=True),
            "max_depth": Range(2, 6, integers=True),
            "subsample": Range(0.5, 1),
        },
    ),
}


def models_for(task: Task) -> list[str]:
    """Names of the models for a task, in the catalogue's order."""
    return [name for name, entry in CATALOGUE.items() if entry.task == task]


def _choices(task: Task) -> str:
    *most, last = (f"'{name}'" for name in models_for(task))
    return f"Please Specify {', '.join(most)} or {last}"


class UnknownModelError(InvalidRequestError):
    """The catalogue has no such model. task: whose models are the choice."""

    def __init__(self, task: Task) -> None:
        super().__init__("Model not Found", _choices(task))


class WrongTaskError(InvalidRequestError):
    """The model is for the other task."""

    def __init__(self, model_name: str, task: Task) -> None:
        super().__init__(
            f"{model_name} is a model for {catalogue_entry(model_name).task}, and the use case is a {task}",
            _choices(task),
        )


class UnknownHyperparameterError(InvalidRequestError):
    """The model's estimator has no such hyperparameter."""

    def __init__(self, model_name: str, name: str) -> None:
        known = ", ".join(sorted(CATALOGUE[model_name].defaults))
        super().__init__(f"{model_name} has no hyperparameter '{name}'", f"Use some of: {known}")


class ClassWeightError(InvalidRequestError):
    """A class's weight is nothing that rows could weigh."""

    def __init__(self, name: object) -> None:
        super().__init__(
            f"Hyperparameter 'class_weight' gives class '{name}' no weight that rows could have",
            'Give each class a finite number of at least 0, leave the class out, or say "balanced"',
        )


class HyperparameterOutOfBoundsError(InvalidRequestError):
    """A hyperparameter asks for more than a machine can give."""

    def __init__(self, model_name: str, name: str, smallest: float, largest: float) -> None:
        super().__init__(
            f"Hyperparameter '{name}' of {model_name} is out of bounds",
            f"Give a value of at {f'least {smallest:g}' if math.isinf(largest) else f'most {largest:g}'}",
        )


def catalogue_entry(model_name: str) -> CatalogueEntry:
    """The entry of that name; raises UnknownModelError."""
    try:
        return CATALOGUE[model_name]
    except KeyError:
        raise UnknownModelError("classification") from None


def check_model(model_name: str, task: Task) -> None:
    """Raises UnknownModelError and WrongTaskError, which name the models for this task."""
    if model_name not in CATALOGUE:
        raise UnknownModelError(task)
    if CATALOGUE[model_name].task != task:
        raise WrongTaskError(model_name, task)


def check_hyperparameters(model_name: str, hyperparameters: Hyperparameters) -> None:
    """Refuse names that the estimator does not know and values that no machine can bear.

    Whether the estimator accepts the others, it alone can tell.
    """
    entry = catalogue_entry(model_name)
    known = entry.defaults
    for name, value in hyperparameters.items():
        if name not in known:
            raise UnknownHyperparameterError(model_name, name)
        smallest, largest = entry.smallest.get(name, -math.inf), entry.largest.get(name, math.inf)
        if isinstance(value, int | float) and not smallest <= value <= largest:
            raise HyperparameterOutOfBoundsError(model_name, name, smallest, largest)
    _check_class_weight(hyperparameters.get("class_weight"))


def _check_class_weight(weights: object) -> None:
    for name, weight in weights.items() if isinstance(weights, Mapping) else ():
        try:
            number = math.nan if weight is None else float(weight)
        except (TypeError, ValueError, OverflowError):
            continue  # the estimator says what it is
        if not 0 <= number <= LARGEST_WEIGHT:
            raise ClassWeightError(name)


def build_estimator(model_name: str, hyperparameters: Hyperparameters, classes: int) -> BaseEstimator:
    """The estimator alone, unfitted. classes: how many there are to tell apart."""
    check_hyperparameters(model_name, hyperparameters)
    entry = catalogue_entry(model_name)
    seed = {"random_state": SEED} if "random_state" in entry.defaults else {}
    estimator = entry.estimator().set_params(**{**seed, **_from_json(hyperparameters)})
    if classes <= 2 or not entry.one_versus_rest(hyperparameters):
        return estimator
    weights = estimator.get_params()["class_weight"]
    if weights is None:
        return OneVsRestClassifier(estimator)
    return WeighedOneVsRestClassifier(estimator.set_params(class_weight=None), weights)


def _from_json(hyperparameters: Hyperparameters) -> dict[str, Any]:
    """JSON's keys are texts, and the classes that `class_weight` speaks of are numbers."""
    weights = hyperparameters.get("class_weight")
    if not isinstance(weights, Mapping):
        return dict(hyperparameters)
    return {**hyperparameters, "class_weight": {_class(key): weight for key, weight in weights.items()}}


def _class(key: str) -> int | str:
    try:
        return int(key)
    except ValueError:
        return key


def build_pipeline(
    model_name: str,
    hyperparameters: Hyperparameters,
    *,
    classes: int,
    preprocessing: Preprocessing = "standard_scaler",
    categories: Sequence[int] = (),
) -> Pipeline:
    """The whole unfitted model: mean imputation, scaling where asked for, and the estimator, seeded.

    It takes arrays (rows, features) of doubles, NaN meaning missing. A column without any value in
    training is kept, as zeros, so that the number of features stays the use case's.

    classes: how many there are to tell apart; of no meaning to a regressor. categories: of each column how
    many it has, 0 for numbers; without it all are numbers. They come as positions, and become a column each.
    """
    estimator = ("estimator", build_estimator(model_name, hyperparameters, classes))
    if any(categories):
        return Pipeline([("preparation", _by_kind(preprocessing, categories)), estimator])
    return Pipeline([*_number_steps(preprocessing), estimator])


def _number_steps(preprocessing: Preprocessing) -> list[tuple[str, Any]]:
    scaling = StandardScaler() if preprocessing == "standard_scaler" else "passthrough"
    return [
        ("imputation", SimpleImputer(strategy="mean", keep_empty_features=True)),
        ("scaling", scaling),
    ]


def _by_kind(preprocessing: Preprocessing, categories: Sequence[int]) -> ColumnTransformer:
    """Numbers first, as ever; then a column for each category, all zeros where it is missing or unknown."""
    listed = [np.arange(float(count)) for count in categories if count]
    encoder = OneHotEncoder(categories=listed, handle_unknown="ignore", sparse_output=False)
    numbers = [column for column, count in enumerate(categories) if not count]
    return ColumnTransformer(
        [
            ("numbers", Pipeline(_number_steps(preprocessing)), numbers),
            ("categories", encoder, [column for column, count in enumerate(categories) if count]),
        ]
    )
