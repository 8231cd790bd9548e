"""The model catalogue: what the fleet can search, deploy and serve.

tracking searches and ml_model deploys the very same pipeline: imputation, scaling, estimator. Adding a
model is one entry in `CATALOGUE`. This module imports scikit-learn, so only those two services import it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fleet.errors import InvalidRequestError
from fleet.settings import SEED

Preprocessing = Literal["standard_scaler", "none"]
Hyperparameters = Mapping[str, Any]


@dataclass(frozen=True)
class CatalogueEntry:
    """A model that can be asked for by name.

    estimator: makes the scikit-learn estimator with its defaults.
    one_versus_rest: says whether these hyperparameters need one binary model per class.
    largest, smallest: bounds of a hyperparameter, beyond which it would only exhaust the machine.
    """

    estimator: Callable[[], BaseEstimator]
    one_versus_rest: Callable[[Hyperparameters], bool] = lambda _: False
    largest: Mapping[str, int] = field(default_factory=dict)
    smallest: Mapping[str, float] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, Any]:
        """Every hyperparameter that the estimator knows, with its default."""
        return dict(self.estimator().get_params(deep=False))


CATALOGUE: Mapping[str, CatalogueEntry] = {
    "RandomForest": CatalogueEntry(RandomForestClassifier, largest={"n_estimators": 10_000, "n_jobs": 64}),
    "SVC": CatalogueEntry(SVC, largest={"cache_size": 4096}, smallest={"tol": 1e-10}),
    "LogisticRegression": CatalogueEntry(
        LogisticRegression,
        one_versus_rest=lambda hyperparameters: hyperparameters.get("solver") == "liblinear",
        largest={"max_iter": 1_000_000, "n_jobs": 64},
        smallest={"tol": 1e-10},
    ),
}


class UnknownModelError(InvalidRequestError):
    """The catalogue has no such model."""

    def __init__(self) -> None:
        *most, last = (f"'{name}'" for name in CATALOGUE)
        super().__init__("Model not Found", f"Please Specify {', '.join(most)} or {last}")


class UnknownHyperparameterError(InvalidRequestError):
    """The model's estimator has no such hyperparameter."""

    def __init__(self, model_name: str, name: str) -> None:
        known = ", ".join(sorted(CATALOGUE[model_name].defaults))
        super().__init__(f"{model_name} has no hyperparameter '{name}'", f"Use some of: {known}")


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
        raise UnknownModelError from None


def check_hyperparameters(model_name: str, hyperparameters: Hyperparameters) -> None:
    """Refuse names that the estimator does not know and values that no machine can bear.

    Whether the estimator accepts the other values, only a fit can tell.
    """
    entry = catalogue_entry(model_name)
    known = entry.defaults
    for name, value in hyperparameters.items():
        if name not in known:
            raise UnknownHyperparameterError(model_name, name)
        smallest, largest = entry.smallest.get(name, -math.inf), entry.largest.get(name, math.inf)
        if isinstance(value, int | float) and not smallest <= value <= largest:
            raise HyperparameterOutOfBoundsError(model_name, name, smallest, largest)


def build_estimator(model_name: str, hyperparameters: Hyperparameters, classes: int) -> BaseEstimator:
    """The estimator alone, unfitted. classes: how many there are to tell apart."""
    check_hyperparameters(model_name, hyperparameters)
    entry = catalogue_entry(model_name)
    seed = {"random_state": SEED} if "random_state" in entry.defaults else {}
    estimator = entry.estimator().set_params(**{**seed, **_from_json(hyperparameters)})
    if classes > 2 and entry.one_versus_rest(hyperparameters):
        return OneVsRestClassifier(estimator)
    return estimator


def _from_json(hyperparameters: Hyperparameters) -> dict[str, Any]:
    """JSON's keys are texts, and the classes that `class_weight` speaks of are numbers."""
    weights = hyperparameters.get("class_weight")
    if not isinstance(weights, Mapping):
        return dict(hyperparameters)
    numbered = {int(key) if str(key).isdigit() else key: weight for key, weight in weights.items()}
    return {**hyperparameters, "class_weight": numbered}


def build_pipeline(
    model_name: str,
    hyperparameters: Hyperparameters,
    *,
    classes: int,
    preprocessing: Preprocessing = "standard_scaler",
) -> Pipeline:
    """The whole unfitted model: mean imputation, scaling where asked for, and the estimator, seeded.

    It takes arrays (rows, features) of doubles, NaN meaning missing. A column without any value in
    training is kept, as zeros, so that the number of features stays the use case's.
    """
    scaling = StandardScaler() if preprocessing == "standard_scaler" else "passthrough"
    return Pipeline(
        [
            ("imputation", SimpleImputer(strategy="mean", keep_empty_features=True)),
            ("scaling", scaling),
            ("estimator", build_estimator(model_name, hyperparameters, classes)),
        ]
    )
