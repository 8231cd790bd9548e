"""What a reference lets expect of rows whose truth is not known."""

import math
from dataclasses import dataclass

import numpy as np

from db.definition import Task, UseCase
from monitoring.persistence.model.judged_rows import Floats, JudgedRows
from monitoring.service.evidence.estimate import Estimate, estimate_accuracy, estimate_error
from monitoring.service.judging.losses import Loss, losses

MOST_KNOWN = 5_000  # more would make verdicts slower, and estimates hardly better


@dataclass(frozen=True)
class KnownRows:
    """Of a reference's rows with a target and a prediction, (rows,) each.

    said: how sure the model was of the class that it predicted; of a regression, what it predicted.
    off: 1 where it was wrong, else 0; of a regression, by how much.
    """

    said: Floats
    off: Floats


def known_rows(use_case: UseCase, rows: JudgedRows) -> KnownRows:
    """What estimates are made from. rows: comparable ones; evenly chosen where they are many."""
    known = rows.part(~np.isnan(_said(use_case, rows)))
    if len(known) > MOST_KNOWN:
        chosen = np.zeros(len(known), dtype=bool)
        chosen[np.linspace(0, len(known) - 1, MOST_KNOWN).astype(np.intp)] = True
        known = known.part(chosen)
    kind: Loss = "absolute" if use_case.task is Task.REGRESSION else "zero_one"
    return KnownRows(_said(use_case, known), losses(kind, known, 0))


def estimate(use_case: UseCase, known: KnownRows, window: JudgedRows) -> Estimate | None:
    """How well the model does in a window; None where too little is known, or errors are beyond numbers."""
    said = _said(use_case, window)
    said = said[~np.isnan(said)]
    if use_case.task is not Task.REGRESSION:
        return estimate_accuracy(known.said, known.off == 0, said)
    with np.errstate(over="ignore", invalid="ignore"):
        found = estimate_error(known.said, known.off, said)
    finite = found is not None and all(map(math.isfinite, (found.expected, found.reference, found.error)))
    return found if finite else None


def _said(use_case: UseCase, rows: JudgedRows) -> Floats:
    return rows.prediction if use_case.task is Task.REGRESSION else rows.probability
