"""What a window is held against, worked out from rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from db.definition import Task, UseCase
from monitoring.persistence.model.judged_rows import Floats, JudgedRows, LearnedRows
from monitoring.persistence.model.judged_sets import PREDICTION
from monitoring.service.evidence.distinct import counts_once
from monitoring.service.evidence.figures import LossSums, Side
from monitoring.service.judging.losses import TWO, Loss, loss_sums, losses
from monitoring.service.judging.sides import feature_figures, prediction_figures

ENOUGH_TESTED = 5_000  # rows of testing with a loss, from which on theirs alone are the reference's


@dataclass(frozen=True)
class ReferenceFigures:
    """A reference, ready to be compared. side: of its columns.

    classes: that it knows, ascending; none of a regression. losses: by kind, those that its rows have.
    once: whether equal rows count once where they are held against it. told: what it is, ready for JSON.
    """

    side: Side
    classes: Floats
    losses: Mapping[Loss, LossSums]
    once: bool
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def predicted(self) -> int:
        """Rows whose prediction is known."""
        return self.side[PREDICTION].rows


def reference_of(use_case: UseCase, rows: JudgedRows, learned: LearnedRows | None = None) -> ReferenceFigures:
    """A reference of rows that a deployment has not learned from, and of those that it has.

    Of the latter, what is predicted and lost is taken out of fold, or not at all.
    """
    tested = rows.part(rows.comparable)
    parts = [rows.features] if learned is None else [learned.features, rows.features]
    features = parts[0] if len(parts) == 1 else np.concatenate(parts)
    fold = None if learned is None else learned.out_of_fold
    said = rows.prediction[rows.predicted]
    if fold is not None:
        said = np.concatenate([fold.predictions, said])
    known = [said, rows.target] if learned is None else [said, rows.target, learned.target]
    classes = _classes(use_case, np.concatenate(known))
    found = {kind: loss_sums(losses(kind, tested, len(classes))) for kind in kinds(use_case, tested)}
    lost = {"testing": len(tested), "out_of_fold": 0}
    if learned is not None and fold is not None and len(tested) < ENOUGH_TESTED:
        found = _together(found if len(tested) else None, _out_of_fold(use_case, learned, len(classes)))
        lost["out_of_fold"] = fold.rows
    told = {"rows": len(features), "predicted": len(said), "losses": lost}
    columns = {**feature_figures(use_case, features), PREDICTION: prediction_figures(use_case, said, classes)}
    return ReferenceFigures(columns, classes, found, counts_once(features), told)


def kinds(use_case: UseCase, rows: JudgedRows) -> list[Loss]:
    """The kinds of loss that rows have, the one that tells most first."""
    if use_case.task is Task.REGRESSION:
        return ["absolute"]
    return ["zero_one"] if np.isnan(rows.probability).any() else ["brier", "zero_one"]


def _out_of_fold(use_case: UseCase, learned: LearnedRows, classes: int) -> dict[Loss, LossSums]:
    """Brier's score of more than two classes takes more than is stored of production: it is left out."""
    fold = learned.out_of_fold
    assert fold is not None  # noqa: S101
    if use_case.task is Task.REGRESSION:
        return {"absolute": loss_sums(fold.losses)}
    wrong = (learned.target != fold.predictions).astype(np.float64)
    found: dict[Loss, LossSums] = {}
    if fold.loss == "brier" and classes <= TWO:
        found["brier"] = loss_sums(fold.losses)
    return {**found, "zero_one": loss_sums(wrong)}


def _together(
    tested: Mapping[Loss, LossSums] | None, out_of_fold: Mapping[Loss, LossSums]
) -> dict[Loss, LossSums]:
    if tested is None:
        return dict(out_of_fold)
    return {kind: sums + out_of_fold[kind] for kind, sums in tested.items() if kind in out_of_fold}


def _classes(use_case: UseCase, known: Floats) -> Floats:
    if use_case.task is Task.REGRESSION:
        return np.empty(0)
    return np.unique(known[~np.isnan(known)])
