"""Fits models: in earnest, and on trial before anything is recorded."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from fleet.catalogue import build_pipeline
from fleet.errors import ConflictError, InvalidRequestError
from fleet.one_versus_rest import of_scikit_learn_alone
from fleet.settings import SEED
from ml_model.persistence.model.deployment import ModelChoice

Floats = npt.NDArray[np.float64]

TRIAL_ROWS = 5_000
MADE_UP_ROWS = 60
MADE_UP_CLASSES = 3
# What estimators raise at values, or rows, that they cannot use.
FIT_ERRORS = (ValueError, TypeError, ArithmeticError, AttributeError, LookupError, RuntimeError)


class RefusedHyperparametersError(InvalidRequestError):
    """The estimator refuses the values it was given."""

    def __init__(self, model_name: str, hyperparameters: list[str], reason: str) -> None:
        super().__init__(
            f"{model_name} refuses its hyperparameters ({', '.join(hyperparameters)}): {reason}",
            "Nothing was set. Change what the error speaks of",
        )


class TrainingFailedError(ConflictError):
    """The model cannot be fitted on the training set as it is."""

    def __init__(self, model_name: str, reason: str) -> None:
        super().__init__(
            f"{model_name} cannot be trained on the stored training set: {reason}",
            "Load another training set, or set another model",
        )


def fit(choice: ModelChoice, features: Floats, target: Floats, categories: Sequence[int] = ()) -> Pipeline:
    """The fitted pipeline. features: (rows, features); target: (rows,). Raises TrainingFailedError.

    categories: of each feature how many it has, 0 for numbers; without it all are numbers.
    """
    try:
        return _fit(choice, features, target, categories)
    except FIT_ERRORS as error:
        raise TrainingFailedError(choice.model_name, first_line(error)) from error


def try_fit(choice: ModelChoice, features: Floats, target: Floats, categories: Sequence[int] = ()) -> None:
    """Fit on trial, as `fit` does; with no rows, on made-up ones of the same number of features.

    Raises RefusedHyperparametersError, or TrainingFailedError where the rows are to blame: where the
    estimator's defaults cannot be fitted on them either.
    """
    if not len(target):
        random = np.random.default_rng(SEED)
        target = _made_up_target(choice.hyperparameters.get("class_weight"))
        features = random.normal(size=(len(target), features.shape[1]))
    try:
        _fit(choice, features, target, categories)
    except FIT_ERRORS as error:
        fit(replace(choice, hyperparameters={}), features, target, categories)
        names = list(choice.hyperparameters)
        raise RefusedHyperparametersError(choice.model_name, names, first_line(error)) from error


def _made_up_target(class_weight: object) -> Floats:
    """Of some classes, all those among them that are given a weight."""
    named = class_weight if isinstance(class_weight, Mapping) else ()
    weighed = {float(key) for key in named if str(key).isdecimal()}
    classes = sorted({*range(MADE_UP_CLASSES), *weighed})
    return np.resize(np.array(classes, dtype=float), max(MADE_UP_ROWS, 2 * len(classes)))


def first_line(error: Exception) -> str:
    """What an estimator says, without the rest of its report."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]


def _fit(choice: ModelChoice, features: Floats, target: Floats, categories: Sequence[int]) -> Pipeline:
    pipeline = build_pipeline(
        choice.model_name,
        choice.hyperparameters,
        classes=len(np.unique(target)),
        preprocessing=choice.preprocessing,
        categories=categories,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice to whoever writes the code, not to who sends the request
        return of_scikit_learn_alone(pipeline.fit(features, target))
