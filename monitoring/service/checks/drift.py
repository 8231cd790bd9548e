"""Drift: of each column, and how many columns drifted: by Evidently's rule, and by ours, which counts."""

from collections.abc import Sequence

from monitoring.service.chance import LEVEL
from monitoring.service.check import Check
from monitoring.service.comparison import Comparison
from monitoring.service.evidence.drift import MATTERS, ColumnTest, Drift

DRIFTED_SHARE = 0.5  # of the columns; Evidently's default


def moved(comparison: Comparison, columns: Sequence[str]) -> list[ColumnTest]:
    """Of the columns, those that have moved; the smallest p first."""
    drift = Drift(tuple(test for column in columns for test in comparison.moves(column)))
    return [test for test in drift.moved(LEVEL) if test.matters]


def moved_columns(comparison: Comparison, columns: Sequence[str]) -> Check:
    """Passes if no column has moved so far that it matters and farther than by chance (Holm, of all columns).

    A column that has no values on one side has not moved: its share of missing values has.
    """
    tested = any(comparison.moves(column) for column in columns)
    found = moved(comparison, columns)
    empty = [column for column in columns if len(comparison.empty_sides(column)) == 1]
    sentences = [_told(found, len(columns))]
    if empty:
        sentences.append(f"Without values on one side, so not tested: {', '.join(empty)}.")
    by_evidently = sum(comparison.drift(column).drifted for column in columns)
    sentences.append(f"By Evidently's rule, which does not count, {by_evidently} drifted.")
    sentences += [told.strip() for column in columns if (told := comparison.unlisted_text(column))]
    return Check(
        name="moved_columns",
        passed=not found and (tested or not empty),
        value=len(found),
        condition=f"none by {MATTERS:g} or more, unless by chance (p > {LEVEL:g} for all together, Holm)",
        description=" ".join(sentences),
    )


def share_of_drifted_columns(comparison: Comparison, columns: Sequence[str]) -> Check:
    """Passes if fewer than half of the columns drifted by Evidently's rule."""
    drifted = [column for column in columns if comparison.drift(column).drifted]
    share = len(drifted) / len(columns)
    named = f" ({', '.join(drifted)})" if drifted else ""
    return Check(
        name="share_of_drifted_columns",
        passed=share < DRIFTED_SHARE,
        value=share,
        threshold=DRIFTED_SHARE,
        description=f"{len(drifted)} of {len(columns)} columns drifted{named}; less than half may.",
        source="evidently",
    )


def column_drift(comparison: Comparison, column: str) -> Check:
    """Passes if the column did not drift by Evidently's rule."""
    drift = comparison.drift(column)
    if drift.score is None or drift.threshold is None:
        description = f"Drift of {column} cannot be measured: {drift.reason}."
    else:
        verdict = "drifted" if drift.drifted else "did not drift"
        measured = f"{drift.method} is {drift.score:.4g}, the threshold {drift.threshold:g}"
        description = f"{column} {verdict}: {measured}."
    return Check(
        name="column_drift",
        column=column,
        passed=not drift.drifted,
        value=drift.score,
        threshold=drift.threshold,
        condition=None if drift.threshold is not None else "values in both sets",
        description=description + comparison.unlisted_text(column),
        source="evidently",
    )


def _told(moved: Sequence[ColumnTest], columns: int) -> str:
    names = ", ".join(f"{test.column} by {abs(test.effect):.2f} (p = {test.p:.2g})" for test in moved)
    return f"{len(moved)} of {columns} columns have moved{': ' if moved else ''}{names}; none may."
