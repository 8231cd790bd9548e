"""Predictions of the rows that a model learns from, each by a model of the same kind that has not seen it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import KFold, StratifiedKFold

from db.references import OutOfFold
from fleet.catalogue import catalogue_entry
from fleet.settings import SEED
from ml_model.persistence.model.deployment import ModelChoice
from ml_model.service.fitting import fit
from ml_model.service.predictor import PipelinePredictor

Floats = npt.NDArray[np.float64]

MOST_FOLDS = 5
FEWEST_OF_A_CLASS = 2  # one to learn from, one to predict


def predict_out_of_fold(
    choice: ModelChoice, features: Floats, target: Floats, categories: Sequence[int] = ()
) -> OutOfFold | None:
    """Cross-validated predictions and their probabilities; arguments as of `fit`, and raises what that does.

    None where a class has a single row, or a row has values too large for the model of the others.
    """
    numbers = catalogue_entry(choice.model_name).task == "regression"
    smallest = len(target) if numbers else int(np.unique(target, return_counts=True)[1].min())
    if smallest < FEWEST_OF_A_CLASS:
        return None
    kind = KFold if numbers else StratifiedKFold
    folds = kind(min(MOST_FOLDS, smallest), shuffle=True, random_state=SEED)
    predictions, probabilities = np.empty(len(target)), np.full(len(target), np.nan)
    for learned, held_out in folds.split(features, target):
        fitted = fit(choice, features[learned], target[learned], categories)
        said = PipelinePredictor(fitted).predict(features[held_out])
        predictions[held_out] = said.labels
        if said.probabilities is not None:
            probabilities[held_out] = said.probabilities
    if not np.isfinite(predictions).all():
        return None
    return OutOfFold(predictions, probabilities if np.isfinite(probabilities).all() else None)
