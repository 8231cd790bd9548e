"""Drift: of each column, and how many columns drifted."""

from collections.abc import Sequence

from monitoring.service.check import Check
from monitoring.service.comparison import Comparison

DRIFTED_SHARE = 0.5  # of the columns; Evidently's default


def share_of_drifted_columns(comparison: Comparison, columns: Sequence[str]) -> Check:
    """Passes if fewer than half of the columns drifted."""
    drifted = [column for column in columns if comparison.drift(column).drifted]
    share = len(drifted) / len(columns)
    named = f" ({', '.join(drifted)})" if drifted else ""
    return Check(
        name="share_of_drifted_columns",
        passed=share < DRIFTED_SHARE,
        value=share,
        threshold=DRIFTED_SHARE,
        description=f"{len(drifted)} of {len(columns)} columns drifted{named}; less than half may.",
    )


def column_drift(comparison: Comparison, column: str) -> Check:
    """Passes if the column did not drift."""
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
    )
