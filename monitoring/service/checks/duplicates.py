"""Duplicated columns and rows: found by hashing, judged by how many chance makes."""

from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.chance import LEVEL, p_of_fewer, p_of_repeats
from monitoring.service.check import Check, Figure, unless_by_chance
from monitoring.service.comparison import Comparison, Side

SHARE_TOLERANCE = 0.1  # relative; Evidently's default
HEAD_ROWS = 32  # enough to tell nearly all columns apart
NAMED = 10

Pair = tuple[str, str]


def duplicated_columns(comparison: Comparison) -> Check:
    """Passes if no columns are the same in every row that differ in the reference, unless by chance.

    A model without an error is no fault: target and prediction may be the same. Columns that have become
    constant or empty are judged as such.
    """
    reference, current = (set(equal_columns(comparison, side)) for side in ("reference", "current"))
    level = LEVEL / max(len(comparison.columns) * (len(comparison.columns) - 1) // 2, 1)
    new = [pair for pair in sorted(current - reference) if not any(map(comparison.became_constant, pair))]
    failed = [pair for pair in new if _p_of_equal(comparison, pair) <= level]
    more = ", ..." if len(failed) > NAMED else ""
    named = f": {', '.join(' and '.join(pair) for pair in failed[:NAMED])}{more}" if failed else ""
    return Check(
        name="duplicated_columns",
        passed=not failed,
        value=len(current),
        condition=f"no pair that differs in reference, unless by chance (p > {level:.2g})",
        description=f"{len(current)} pairs of columns are equal, in reference {len(reference)}; "
        f"{len(failed)} have become so{named}.",
    )


def duplicated_rows(comparison: Comparison) -> Check:
    """Passes if the share of rows that repeat an earlier one is at most the reference's, within 10 % or what
    chance explains. The value is their number."""
    current, reference = (_duplicated_rows(comparison, side) for side in ("current", "reference"))
    rows, known = len(comparison.current), len(comparison.reference)
    limit = (1 + SHARE_TOLERANCE) * reference * rows / max(known, 1)
    return unless_by_chance(
        Figure("duplicated_rows", "The number of duplicated rows", current, reference),
        f"at most {limit:.4g} of {rows}",
        within=current <= limit,
        chance=lambda: _p_of_duplicates(comparison, current),
    )


def equal_columns(comparison: Comparison, side: Side) -> Iterator[Pair]:
    """Pairs of columns with the same type and values; missing values are equal to each other.

    The target is held against the others in the rows where it is known.
    """
    frame, labelled = comparison.frame(side), comparison.labelled(side)
    alike: dict[bytes, list[str]] = defaultdict(list)
    present = [column for column in comparison.columns if column in frame]
    for column in present:
        rows = labelled if column == TARGET else frame
        alike[_digest(rows[column].iloc[:HEAD_ROWS])].append(column)
    if len(labelled) < len(frame):
        yield from _equal_to_target(labelled, present)
    for columns in alike.values():
        same: dict[bytes, list[str]] = defaultdict(list)
        for column in columns if len(columns) > 1 else ():
            same[_digest((labelled if column == TARGET else frame)[column])].append(column)
        for equal in same.values():
            yield from (pair for pair in combinations(equal, 2) if not _is_perfect(pair))


def _equal_to_target(labelled: pd.DataFrame, present: list[str]) -> Iterator[Pair]:
    if TARGET in present and not labelled.empty:
        for column in present:
            if column not in (TARGET, PREDICTION) and labelled[column].equals(labelled[TARGET]):
                yield column, TARGET


def _is_perfect(pair: Pair) -> bool:
    return set(pair) == {TARGET, PREDICTION}


def _digest(series: "pd.Series[Any]") -> bytes:
    """Of type and values: equal for equal columns only."""
    values = series.to_numpy()
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, one zero
    elif values.dtype == object:
        values = pd.util.hash_array(values)
    return blake2b(np.ascontiguousarray(values).data, digest_size=16).digest() + str(series.dtype).encode()


def _p_of_equal(comparison: Comparison, pair: Pair) -> float:
    """That none of the rows in which the reference's columns differ came to current."""
    rows = [
        comparison.labelled(side) if TARGET in pair else comparison.frame(side)
        for side in ("current", "reference")
    ]
    if not set(pair) <= set(rows[1].columns):
        return 1.0
    one, other = (rows[1][column] for column in pair)
    differing = int(((one != other) & ~(one.isna() & other.isna())).sum())
    return p_of_fewer(0, len(rows[0]), differing, len(rows[1]))


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


def _p_of_duplicates(comparison: Comparison, current: int) -> float:
    """That chance puts as many equal rows of both sets into current."""
    columns = [column for column in comparison.columns if column in comparison.reference]
    both = pd.concat([comparison.reference, comparison.current], ignore_index=True)
    hashed = pd.util.hash_pandas_object(both[columns], index=False)
    counts = np.unique(hashed, return_counts=True)[1]
    return p_of_repeats(current, counts[counts > 1], len(both), len(comparison.current))
