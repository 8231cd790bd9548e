"""What each prediction costs: by its probabilities where the model has them."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from ml_model.service.paired_losses import absolute_losses, brier_losses, zero_one_losses
from ml_model.service.predictor import Predicted

Floats = npt.NDArray[np.float64]
Loss = Literal["brier", "zero_one", "absolute"]
Losses = Mapping[Loss, Floats]
"""A model's losses of the same rows, (rows,) each, by every kind that it has; the most telling kind first."""


def losses_of(target: Floats, said: Predicted, *, numbers: bool) -> Losses:
    """Losses of what a model said, (rows,); numbers: it is a regression."""
    if numbers:
        with np.errstate(over="ignore"):
            return {"absolute": absolute_losses(target, said.labels)}
    losses: dict[Loss, Floats] = {}
    if said.by_class is not None and said.classes is not None:
        losses["brier"] = brier_losses(target, said.by_class, said.classes)
    return {**losses, "zero_one": zero_one_losses(target, said.labels)}


def common_loss(*models: Losses) -> Loss:
    """The most telling kind that all of these models have."""
    return next(kind for kind in models[0] if all(kind in losses for losses in models))
