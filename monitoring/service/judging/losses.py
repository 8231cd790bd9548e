"""Losses from what is stored of predictions: the predicted class, and its probability."""

from typing import Literal

import numpy as np

from monitoring.persistence.model.judged_rows import Floats, JudgedRows
from monitoring.service.evidence.figures import LossSums

Loss = Literal["brier", "zero_one", "absolute"]
TWO = 2  # classes, of which one's probability tells the other's


def losses(kind: Loss, rows: JudgedRows, classes: int) -> Floats:
    """Of rows whose loss can be known, (rows,). classes: how many the model tells apart."""
    if kind == "absolute":
        apart: Floats = np.abs(rows.target - rows.prediction)
        return apart
    right = rows.target == rows.prediction
    if kind == "zero_one":
        wrong: Floats = (~right).astype(np.float64)
        return wrong
    return _brier(right, rows.probability, max(classes, TWO))


def _brier(right: np.ndarray, probability: Floats, classes: int) -> Floats:
    """Brier's score where only the predicted class's probability is known, the others taken as equal.

    With two classes it is the score itself.
    """
    other = (1 - probability) / (classes - 1)
    if_right = (1 - probability) ** 2 + (classes - 1) * other**2
    if_wrong = probability**2 + (1 - other) ** 2 + (classes - 2) * other**2
    return np.where(right, if_right, if_wrong)


def loss_sums(each: Floats) -> LossSums:
    """The power sums of losses, (rows,)."""
    with np.errstate(over="ignore"):
        return LossSums(len(each), float(each.sum()), float((each**2).sum()), float((each**3).sum()))
