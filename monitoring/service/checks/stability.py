"""Stability: the same amount of rows, the same columns, values and means where the reference's were."""

from typing import Any

import pandas as pd

from monitoring.service.check import Check, Figure, near_reference
from monitoring.service.comparison import Comparison

ROW_TOLERANCE = 0.1  # relative; Evidently's default
STANDARD_DEVIATIONS = 2


def row_count(comparison: Comparison) -> Check:
    """Passes if there are as many rows as in the reference, within 10 %."""
    figure = Figure("row_count", "The number of rows", len(comparison.current), len(comparison.reference))
    return near_reference(figure, relative=ROW_TOLERANCE)


def labelled_row_count(comparison: Comparison) -> Check:
    """The same of the rows whose truth is known: what performance is measured on."""
    current, reference = len(comparison.labelled("current")), len(comparison.labelled("reference"))
    figure = Figure("row_count", "The number of rows with a known target", current, reference)
    return near_reference(figure, relative=ROW_TOLERANCE)


def column_count(comparison: Comparison) -> Check:
    """Passes if there are as many columns as in the reference."""
    columns = comparison.current.shape[1], comparison.reference.shape[1]
    return near_reference(Figure("column_count", "The number of columns", *columns))


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


def out_of_range_share(comparison: Comparison, column: str) -> Check:
    """Numeric columns: passes if no value is below the reference's smallest or above its largest."""
    known = comparison.profile("reference", column).values
    if not known.size:
        return _unknown_reference("out_of_range_share", column)
    low, high = float(known[0]), float(known[-1])
    share = comparison.profile("current", column).outside_share(low, high)
    return Check(
        name="out_of_range_share",
        column=column,
        passed=share == 0,
        value=share,
        condition=f"all values between {low:g} and {high:g}",
        description=f"{share:.1%} of the values of {column} are outside the reference's {low:g} to {high:g}.",
    )


def out_of_list_share(comparison: Comparison, column: str) -> Check:
    """Categorical columns: passes if every value occurs in the reference, and every name is listed."""
    known = comparison.profile("reference", column).categories
    if column in comparison.categories:
        known = known[known < len(comparison.categories[column])]
    if not known.size:
        return _unknown_reference("out_of_list_share", column)
    share = comparison.profile("current", column).unlisted_share(known)
    listed = ", ".join(comparison.value_text(column, value) for value in known[:20])
    return Check(
        name="out_of_list_share",
        column=column,
        passed=share == 0,
        value=share,
        condition=f"all values among {listed}{', ...' if known.size > 20 else ''}",
        description=f"{share:.1%} of the values of {column} do not occur in reference."
        + comparison.unlisted_text(column),
    )


def mean_within_two_standard_deviations(comparison: Comparison, column: str) -> Check:
    """Numeric columns: passes if the mean lies strictly within two standard deviations of the reference's.

    A reference that does not vary leaves no room, so there an equal mean passes too.
    """
    name = "mean_within_two_standard_deviations"
    reference, current = comparison.profile("reference", column), comparison.profile("current", column)
    if not reference.finite.size:
        return _unknown_reference(name, column)
    margin = STANDARD_DEVIATIONS * reference.sample_std
    low, high = reference.mean - margin, reference.mean + margin
    condition = f"between {low:.4g} and {high:.4g}"
    if not current.finite.size:
        return Check(name, False, None, f"{column} has no values, so no mean.", column, condition=condition)
    return Check(
        name=name,
        column=column,
        passed=low < current.mean < high or current.mean == reference.mean,
        value=current.mean,
        condition=condition,
        description=f"The mean of {column} is {current.mean:.4g}; expected between {low:.4g} and {high:.4g}.",
    )


def values_in_range_or_list(comparison: Comparison, columns: tuple[str, ...]) -> list[Check]:
    """Range or list, whichever fits each column."""
    return [
        out_of_list_share(comparison, column)
        if column in comparison.categorical
        else out_of_range_share(comparison, column)
        for column in columns
    ]


def _types(frame: pd.DataFrame) -> dict[str, str]:
    """Kind of each column. Whole numbers are numbers: one missing value would make them floating."""
    return {str(name): _kind(frame[name]) for name in frame.columns}


def _kind(series: "pd.Series[Any]") -> str:
    if pd.api.types.is_bool_dtype(series):
        return "boolean"
    if pd.api.types.is_numeric_dtype(series):
        return "number"
    return "time" if pd.api.types.is_datetime64_any_dtype(series) else "text"


def _unknown_reference(name: str, column: str) -> Check:
    return Check(
        name=name,
        column=column,
        passed=False,
        value=None,
        condition="values in reference",
        description=f"{column} has no values in reference, so there is nothing to hold current against.",
    )
