"""Quality: shares of missing and of repeated values, and columns that have become constant."""

import numpy as np

from monitoring.service.chance import LEVEL, p_of_fewer, p_of_more, p_of_other_share
from monitoring.service.check import Check, Figure, unjudged, unless_by_chance
from monitoring.service.comparison import Comparison, Side
from monitoring.service.profile import ColumnProfile

SHARE_TOLERANCE = 0.1  # relative; Evidently's default


def missing_share(comparison: Comparison, column: str, tests: int) -> Check:
    """Passes if the share of missing values is the reference's, within 10 % or what chance explains.

    tests: how many columns are checked.
    """
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    figure = Figure(
        name="missing_share",
        what=f"The share of missing values in {column}",
        current=current.missing_share,
        reference=reference.missing_share,
        column=column,
    )
    return unless_by_chance(
        figure,
        _around(reference.missing_share),
        within=figure.near(SHARE_TOLERANCE),
        chance=lambda: p_of_other_share(current.missing, current.rows, reference.missing, reference.rows),
        tests=tests,
    )


def most_common_value_share(comparison: Comparison, column: str, tests: int) -> Check:
    """Passes if the most frequent value takes the same share of the rows as in the reference, within 10 % or
    what chance explains, which is asked of the values alone: missing ones are judged elsewhere."""
    name = "most_common_value_share"
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    share = current.most_common_share
    if empty := comparison.empty_sides(column):
        return unjudged(name, column, f"{column} has no values in {' nor in '.join(empty)}", share)
    if comparison.became_constant(column):
        return unjudged(name, column, f"{column} has one value only, see constant_columns", share)
    what = f"The share of the most common value in {column}"
    figure = Figure(name, what, share, reference.most_common_share, column)
    return unless_by_chance(
        figure,
        _around(reference.most_common_share),
        within=figure.near(SHARE_TOLERANCE),
        chance=lambda: _p_of_most_common(current, reference),
        tests=tests,
    )


def constant_columns(comparison: Comparison) -> Check:
    """Passes if no column that varies in the reference has become constant, farther than chance explains.

    Columns that have become empty are judged by their share of missing values.
    """
    became = [
        column
        for column in comparison.columns
        if comparison.became_constant(column) and comparison.profile("current", column).constant
    ]
    level = LEVEL / len(comparison.columns)
    failed = [column for column in became if _p_of_constant(comparison, column) <= level]
    counts = [_constant_columns(comparison, side) for side in ("current", "reference")]
    named = f"; {', '.join(failed)} have become so" if failed else ""
    return Check(
        name="constant_columns",
        passed=not failed,
        value=counts[0],
        condition=f"none that vary in reference, unless by chance (p > {level:.2g})",
        description=f"{counts[0]} columns are constant or empty, in reference {counts[1]}{named}.",
    )


def _around(share: float) -> str:
    return f"{share:.4g} ± {SHARE_TOLERANCE * share:.2g}"


def _p_of_most_common(current: ColumnProfile, reference: ColumnProfile) -> float:
    """Of a share as large, or as small: whichever value is the most frequent, so of all values together."""
    values = max(current.distinct, reference.distinct)
    top, known = (side.count(current.most_common) for side in (current, reference))
    more = p_of_more(top, current.values.size, known, reference.values.size)
    found, top = (side.count(reference.most_common) for side in (current, reference))
    fewer = p_of_fewer(found, current.values.size, top, reference.values.size)
    return min(2 * values * min(more, fewer), 1.0)


def _p_of_constant(comparison: Comparison, column: str) -> float:
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    rows, value = current.values.size, current.values[0]
    return min(reference.distinct * p_of_more(rows, rows, reference.count(value), reference.values.size), 1.0)


def _constant_columns(comparison: Comparison, side: Side) -> int:
    return int(np.sum([comparison.profile(side, column).distinct <= 1 for column in comparison.columns]))
