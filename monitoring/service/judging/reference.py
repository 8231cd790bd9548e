"""What a window is held against, worked out from rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from db.definition import Task, UseCase
from monitoring.persistence.model.judged_rows import Floats, JudgedRows
from monitoring.persistence.model.judged_sets import PREDICTION
from monitoring.service.evidence.distinct import counts_once
from monitoring.service.evidence.figures import LossSums, Side
from monitoring.service.judging.estimating import KnownRows, known_rows
from monitoring.service.judging.losses import Loss, loss_sums, losses
from monitoring.service.judging.sides import feature_figures, prediction_figures

ENOUGH_TESTED = 5_000  # rows of testing with a loss, from which on theirs alone are the reference's


@dataclass(frozen=True)
class ReferenceFigures:
    """A reference, ready to be compared. side: of its columns.

    classes: that it knows, ascending; none of a regression. losses: by kind, those that its rows have.
    known: what estimates are made from. once: whether equal rows count once where they are held against it.
    told: what it is, ready for JSON.
    """

    side: Side
    classes: Floats
    losses: Mapping[Loss, LossSums]
    known: KnownRows
    once: bool
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def predicted(self) -> int:
        """Rows whose prediction is known."""
        return self.side[PREDICTION].rows


def reference_of(
    use_case: UseCase, tested: JudgedRows, learned: JudgedRows | None = None
) -> ReferenceFigures:
    """A reference of rows that a deployment has not learned from, and of those that it has.

    What is predicted of the latter is out of fold, or unknown.
    """
    rows = tested if learned is None else JudgedRows.joined([learned, tested])
    said = rows.prediction[rows.predicted]
    classes = _classes(use_case, np.concatenate([said, rows.target]))
    known = tested.part(tested.comparable)
    if len(known) < ENOUGH_TESTED:
        known = rows.part(rows.comparable)
    found = {kind: loss_sums(losses(kind, known, len(classes))) for kind in kinds(use_case, known)}
    told = {"rows": len(rows), "predicted": len(said), "losses": len(known)}
    columns = {
        **feature_figures(use_case, rows.features),
        PREDICTION: prediction_figures(use_case, said, classes),
    }
    expected = known_rows(use_case, known)
    return ReferenceFigures(columns, classes, found, expected, counts_once(rows.features), told)


def kinds(use_case: UseCase, rows: JudgedRows) -> list[Loss]:
    """The kinds of loss that rows have, the one that tells most first."""
    if use_case.task is Task.REGRESSION:
        return ["absolute"]
    return ["zero_one"] if np.isnan(rows.probability).any() else ["brier", "zero_one"]


def _classes(use_case: UseCase, known: Floats) -> Floats:
    if use_case.task is Task.REGRESSION:
        return np.empty(0)
    return np.unique(known[~np.isnan(known)])
