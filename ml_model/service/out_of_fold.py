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
from ml_model.service.losses import common_loss, losses_of
from ml_model.service.predictor import PipelinePredictor

Floats = npt.NDArray[np.float64]

MOST_FOLDS = 5
FEWEST_OF_A_CLASS = 2  # one to learn from, one to predict


def predict_out_of_fold(
    choice: ModelChoice, features: Floats, target: Floats, categories: Sequence[int] = ()
) -> OutOfFold | None:
    """Cross-validated predictions and losses; arguments as of `fit`, and raises what that does.

    None where a class has a single row, or a row has values too large for the model of the others.
    """
    numbers = catalogue_entry(choice.model_name).task == "regression"
    smallest = len(target) if numbers else int(np.unique(target, return_counts=True)[1].min())
    if smallest < FEWEST_OF_A_CLASS:
        return None
    kind = KFold if numbers else StratifiedKFold
    folds = kind(min(MOST_FOLDS, smallest), shuffle=True, random_state=SEED)
    predictions, losses = np.empty(len(target)), np.empty(len(target))
    for learned, held_out in folds.split(features, target):
        fitted = fit(choice, features[learned], target[learned], categories)
        said = PipelinePredictor(fitted).predict(features[held_out])
        by_kind = losses_of(target[held_out], said, numbers=numbers)
        loss = common_loss(by_kind)
        predictions[held_out], losses[held_out] = said.labels, by_kind[loss]
    if not (np.isfinite(predictions) & np.isfinite(losses)).all():
        return None
    return OutOfFold(loss, predictions, losses)
