"""Quality: missing and repeated values, constant and duplicated columns, duplicated rows."""

from itertools import combinations

import pandas as pd

from monitoring.persistence.model.judged_sets import TARGET
from monitoring.service.check import Check, Figure, at_most_reference, near_reference
from monitoring.service.comparison import Comparison, Side

SHARE_TOLERANCE = 0.1  # relative; Evidently's default
HEAD_ROWS = 32  # enough to tell nearly all pairs of columns apart


def missing_share(comparison: Comparison, column: str) -> Check:
    """Passes if the share of missing values is the reference's, within 10 %."""
    figure = Figure(
        name="missing_share",
        what=f"The share of missing values in {column}",
        current=comparison.profile("current", column).missing_share,
        reference=comparison.profile("reference", column).missing_share,
        column=column,
    )
    return near_reference(figure, relative=SHARE_TOLERANCE)


def most_common_value_share(comparison: Comparison, column: str) -> Check:
    """Passes if the most frequent value takes the same share of the rows as in the reference, within 10 %."""
    figure = Figure(
        name="most_common_value_share",
        what=f"The share of the most common value in {column}",
        current=comparison.profile("current", column).most_common_share,
        reference=comparison.profile("reference", column).most_common_share,
        column=column,
    )
    return near_reference(figure, relative=SHARE_TOLERANCE)


def constant_columns(comparison: Comparison) -> Check:
    """Passes if no more columns than in the reference hold a single value or none."""
    return at_most_reference(
        Figure(
            name="constant_columns",
            what="The number of constant or empty columns",
            current=_constant_columns(comparison, "current"),
            reference=_constant_columns(comparison, "reference"),
        )
    )


def duplicated_columns(comparison: Comparison) -> Check:
    """Passes if no more pairs of columns than in the reference are the same in every row.

    A model without an error makes such a pair of `target` and `prediction`: Evidently counts it, so we do.
    """
    return at_most_reference(
        Figure(
            name="duplicated_columns",
            what="The number of pairs of equal columns",
            current=_duplicated_columns(comparison, "current"),
            reference=_duplicated_columns(comparison, "reference"),
        )
    )


def duplicated_rows(comparison: Comparison) -> Check:
    """Passes if the number of rows that repeat an earlier one is the reference's, within 10 %."""
    figure = Figure(
        name="duplicated_rows",
        what="The number of duplicated rows",
        current=_duplicated_rows(comparison, "current"),
        reference=_duplicated_rows(comparison, "reference"),
    )
    return near_reference(figure, relative=SHARE_TOLERANCE)


def _constant_columns(comparison: Comparison, side: Side) -> int:
    return sum(comparison.profile(side, column).distinct <= 1 for column in comparison.columns)


def _duplicated_columns(comparison: Comparison, side: Side) -> int:
    """Pairs of columns with the same type and values; missing values are equal to each other.

    The target is held against the others in the rows where it is known.
    """
    frame = comparison.frame(side)
    present = [column for column in comparison.columns if column in frame]
    return sum(
        _are_equal(comparison.labelled(side) if TARGET in pair else frame, *pair)
        for pair in combinations(present, 2)
    )


def _are_equal(frame: pd.DataFrame, one: str, other: str) -> bool:
    head = frame.head(HEAD_ROWS)
    return bool(head[one].equals(head[other]) and frame[one].equals(frame[other]))


def _duplicated_rows(comparison: Comparison, side: Side) -> int:
    """Rows that repeat an earlier one.

    Equal rows agree in every column, so only those that agree in the most varied one need be compared.
    """
    frame = comparison.frame(side)
    present = [column for column in comparison.columns if column in frame]
    everywhere = [column for column in present if column != TARGET]  # whose profile is of all rows
    finest = max(everywhere, key=lambda column: comparison.profile(side, column).distinct)
    profile = comparison.profile(side, finest)
    if profile.distinct == profile.rows:
        return 0
    candidates = frame.loc[frame[finest].duplicated(keep=False), present]
    return int(candidates.duplicated().sum())
