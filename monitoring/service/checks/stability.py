"""Stability: rows, the same columns, values and means where the reference's were."""

from typing import Any

import numpy as np
import pandas as pd

from monitoring.service.chance import LEVEL, most_outside, p_of_more, p_of_other_mean, p_of_unseen
from monitoring.service.check import Check, Figure, unjudged, unless_by_chance
from monitoring.service.comparison import SIDES, Comparison
from monitoring.service.profile import Values

STANDARD_DEVIATIONS = 2


def row_count(comparison: Comparison) -> Check:
    """Passes if there are rows: how many is no fault of theirs."""
    return _row_count("rows", len(comparison.current), len(comparison.reference))


def labelled_row_count(comparison: Comparison) -> Check:
    """The same of the rows whose truth is known: what performance is measured on."""
    current, reference = len(comparison.labelled("current")), len(comparison.labelled("reference"))
    return _row_count("rows with a known target", current, reference)


def column_count(comparison: Comparison) -> Check:
    """Passes if there are as many columns as in the reference."""
    current, reference = comparison.current.shape[1], comparison.reference.shape[1]
    return Check(
        name="column_count",
        passed=current == reference,
        value=current,
        condition=f"= {reference}",
        description=f"The number of columns is {current}, in reference {reference}.",
    )


def column_types(comparison: Comparison) -> Check:
    """Passes if both sets have the same columns, each of the same type."""
    reference, current = _types(comparison.reference), _types(comparison.current)
    different = [
        f"{name} is {current.get(name, 'absent')} instead of {reference.get(name, 'absent')}"
        for name in reference | current
        if reference.get(name) != current.get(name)
    ]
    named = f" ({'; '.join(different)})" if different else ""
    return Check(
        name="column_types",
        passed=not different,
        value=len(different),
        threshold=0,
        description=f"{len(different)} columns are not the same as in reference{named}; none may differ.",
    )


def out_of_range_share(comparison: Comparison, column: str, tests: int) -> Check:
    """Numeric columns: passes if no more values are below the reference's smallest or above its largest than
    chance explains. tests: how many columns are checked."""
    name = "out_of_range_share"
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    if empty := comparison.empty_sides(column):
        return unjudged(name, column, f"{column} has no values in {' nor in '.join(empty)}")
    low, high = float(reference.values[0]), float(reference.values[-1])
    outside, rows = current.outside(low, high), current.values.size
    allowed = most_outside(rows, reference.values.size, LEVEL / tests)
    return Check(
        name=name,
        column=column,
        passed=outside <= allowed,
        value=outside / rows,
        condition=f"between {low:g} and {high:g}, but for {allowed / rows:.1%} that may be chance",
        description=f"{outside / rows:.1%} of the values of {column} are outside the reference's "
        f"{low:g} to {high:g}; by chance it may be {allowed / rows:.1%}.",
    )


def out_of_list_share(comparison: Comparison, column: str, tests: int) -> Check:
    """Categorical columns: passes if no more values do not occur in the reference, or have names that are not
    listed, than chance explains. tests: how many columns are checked."""
    name = "out_of_list_share"
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    if empty := comparison.empty_sides(column):
        return unjudged(name, column, f"{column} has no values in {' nor in '.join(empty)}")
    known = reference.categories
    if column in comparison.categories:
        known = known[known < len(comparison.categories[column])]
    unlisted, rows = current.unlisted(known), current.values.size
    p, level = _p_of_unlisted(comparison, column, known) if unlisted else 1.0, LEVEL / tests
    listed = ", ".join(comparison.value_text(column, value) for value in known[:20])
    more = ", ..." if known.size > 20 else ""
    return Check(
        name=name,
        column=column,
        passed=p > level,
        value=unlisted / rows,
        condition=f"all values among {listed}{more}, unless by chance (p > {level:.2g})",
        description=f"{unlisted / rows:.1%} of the values of {column} do not occur in reference"
        f"{f', by chance with p = {p:.2g}' if unlisted else ''}.{comparison.unlisted_text(column)}",
    )


def mean_within_two_standard_deviations(comparison: Comparison, column: str) -> Check:
    """Numeric columns: passes if the mean lies within two standard deviations of the reference's, or farther
    from it by chance alone."""
    name = "mean_within_two_standard_deviations"
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    if empty := [side for side in SIDES if not comparison.profile(side, column).finite.size]:
        return unjudged(name, column, f"{column} has no finite values in {' nor in '.join(empty)}")
    if comparison.became_constant(column):
        return unjudged(name, column, f"{column} has one value only, see constant_columns", current.mean)
    margin = STANDARD_DEVIATIONS * reference.sample_std
    figure = Figure(name, f"The mean of {column}", current.mean, reference.mean, column)
    return unless_by_chance(
        figure,
        f"between {reference.mean - margin:.4g} and {reference.mean + margin:.4g}",
        within=abs(current.mean - reference.mean) <= margin or figure.near(0),
        chance=lambda: p_of_other_mean(current.finite, reference.finite),
        tests=len(comparison.numbers),
    )


def values_in_range_or_list(comparison: Comparison, columns: tuple[str, ...]) -> list[Check]:
    """Range or list, whichever fits each column."""
    return [
        (out_of_list_share if column in comparison.categorical else out_of_range_share)(
            comparison, column, len(columns)
        )
        for column in columns
    ]


def _row_count(what: str, current: int, reference: int) -> Check:
    return Check(
        name="row_count",
        passed=bool(current and reference),
        value=current,
        condition="at least 1",
        description=f"The number of {what} is {current}, in reference {reference}; any but 0 will do.",
    )


def _p_of_unlisted(comparison: Comparison, column: str, known: Values) -> float:
    """Of so many unlisted names, or of so many listed ones that the reference lacks, whichever is rarer."""
    current, reference = comparison.profile("current", column), comparison.profile("reference", column)
    names = comparison.categories.get(column)
    unlisted = 0 if names is None else current.count(len(names))
    others = 0 if names is None else reference.count(len(names))
    values = np.union1d(current.categories, known)
    values = values if names is None else values[values < len(names)]
    counts = current.counts_of(values) + reference.counts_of(values)
    rows = current.values.size
    named = p_of_more(unlisted, rows, others, reference.values.size) if unlisted else 1.0
    unseen = p_of_unseen(current.unlisted(known) - unlisted, counts, rows - unlisted)
    return min(2 * min(named, unseen), 1.0)


def _types(frame: pd.DataFrame) -> dict[str, str]:
    """Kind of each column. Whole numbers are numbers: one missing value would make them floating."""
    return {str(name): _kind(frame[name]) for name in frame.columns}


def _kind(series: "pd.Series[Any]") -> str:
    if pd.api.types.is_bool_dtype(series):
        return "boolean"
    if pd.api.types.is_numeric_dtype(series):
        return "number"
    return "time" if pd.api.types.is_datetime64_any_dtype(series) else "text"
