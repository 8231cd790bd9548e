"""Performance of a classifier, against what it scored on the reference. Being better fails nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fleet.settings import SEED
from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.chance import p_of_fewer
from monitoring.service.check import Check, Figure, unless_by_chance
from monitoring.service.comparison import Comparison

SCORE_TOLERANCE = 0.2  # relative; Evidently's default
DRAWS = 4000  # of tables, for the p of F1

Table = NDArray[np.int64]
Score = Literal["precision", "recall"]
SCORES: tuple[Score, Score] = ("precision", "recall")


@dataclass(frozen=True)
class Scores:
    """Of one set, from how many rows of each class were predicted to be of each, (..., classes, classes)."""

    table: Table

    @cached_property
    def hits(self) -> Table:
        """Rows of each class that were predicted to be of it."""
        hits: Table = np.diagonal(self.table, axis1=-2, axis2=-1)
        return hits

    def rows_for(self, score: Score) -> Table:
        """Rows that a score of each class is a share of: those predicted to be of it, or those of it."""
        rows: Table = self.table.sum(axis=-2 if score == "precision" else -1)
        return rows

    @property
    def rows(self) -> int:
        return int(self.table.sum())

    @property
    def f1_weighted(self) -> NDArray[np.float64]:
        """scikit-learn's: F1 of each class, 0 where there is none, weighted by its rows."""
        support = self.rows_for("recall")
        f1 = 2 * self.hits / np.maximum(support + self.rows_for("precision"), 1)
        weighted: NDArray[np.float64] = (f1 * support).sum(axis=-1) / support.sum(axis=-1)
        return weighted


def classification_scores(comparison: Comparison) -> list[Check]:
    """Accuracy, weighted F1, and precision and recall of each class that occurs anywhere: at most 20 % lower
    than the reference's, or as low as chance explains."""
    reference_rows, current_rows = comparison.labelled("reference"), comparison.labelled("current")
    if reference_rows.empty or current_rows.empty:
        return [_no_rows(name) for name in ("accuracy", "f1_weighted", "precision", "recall")]
    classes = _classes(reference_rows, current_rows)
    reference, current = (Scores(_table(rows, classes)) for rows in (reference_rows, current_rows))
    checks = [_accuracy(current, reference), _f1(current, reference)]
    for position, label in enumerate(classes):
        for score in SCORES:
            counts = [
                int(each[position])
                for side in (current, reference)
                for each in (side.hits, side.rows_for(score))
            ]
            checks.append(_of_class(score, label, counts, tests=2 * len(classes)))
    return checks


def _classes(*frames: pd.DataFrame) -> list[int]:
    found = [frame[column].dropna().unique() for frame in frames for column in (TARGET, PREDICTION)]
    return [int(label) for label in np.unique(np.concatenate(found))]


def _table(frame: pd.DataFrame, classes: list[int]) -> Table:
    true, predicted = (np.searchsorted(classes, frame[column].to_numpy()) for column in (TARGET, PREDICTION))
    size = len(classes)
    return np.bincount(true * size + predicted, minlength=size**2).reshape(size, size).astype(np.int64)


def _accuracy(current: Scores, reference: Scores) -> Check:
    counts = int(current.hits.sum()), current.rows, int(reference.hits.sum()), reference.rows
    return _share("accuracy", "The accuracy", counts, tests=1)


def _of_class(score: Score, label: int, counts: Sequence[int], *, tests: int) -> Check:
    name, what = f"{score}_class_{label}", f"The {score} of class {label}"
    _, rows, _, other_rows = counts
    if rows and other_rows:
        return _share(name, what, counts, tests=tests)
    held = "prediction" if score == "precision" else "sample"
    where = "Reference" if rows else "Current"
    told = f"{what} cannot be computed: {where} holds no {held} of class {label}."
    return Check(name, True, None, told, condition=f"a {held} of class {label} in both sets")


def _share(name: str, what: str, counts: Sequence[int], *, tests: int) -> Check:
    hits, rows, other_hits, other_rows = counts
    figure = Figure(name, what, hits / rows, other_hits / other_rows)
    return _not_lower(figure, lambda: p_of_fewer(hits, rows, other_hits, other_rows), tests)


def _f1(current: Scores, reference: Scores) -> Check:
    figure = Figure(
        "f1_weighted", "The weighted F1", float(current.f1_weighted), float(reference.f1_weighted)
    )
    return _not_lower(figure, lambda: _p_of_f1(current, reference), 1)


def _p_of_f1(current: Scores, reference: Scores) -> float:
    """The share of random draws of current's rows from both sets' whose F1 is as low: a permutation test."""
    both = (current.table + reference.table).ravel()
    drawn = np.random.default_rng(SEED).multivariate_hypergeometric(both, current.rows, DRAWS, "marginals")
    as_low = Scores(drawn.reshape(-1, *current.table.shape)).f1_weighted <= float(current.f1_weighted)
    return float((1 + as_low.sum()) / (1 + DRAWS))


def _not_lower(figure: Figure, chance: Callable[[], float], tests: int) -> Check:
    lowest = (1 - SCORE_TOLERANCE) * figure.reference
    within = figure.current >= lowest or figure.near(0)
    return unless_by_chance(figure, f"at least {lowest:.4g}", within=within, chance=chance, tests=tests)


def _no_rows(name: str) -> Check:
    return Check(name, False, None, f"There are no rows to compute {name} on.", condition="rows in both sets")
