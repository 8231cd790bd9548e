"""Whether a column has moved, by the two-sample tests that the loop decides by."""

import numpy as np
from numpy.typing import NDArray

from monitoring.service.evidence.drift import MATTERS, ColumnTest, measure_drift
from monitoring.service.evidence.figures import ColumnFigures
from monitoring.service.profile import ColumnProfile, Values

NO_VALUES = np.empty(0)
QUANTILES = 1000
SLACK = 4 / QUANTILES  # how far the distance may be from what it is at the quantiles


def moves(
    column: str,
    reference: ColumnProfile,
    current: ColumnProfile,
    *,
    categorical: bool,
    unlisted: int | None,
) -> tuple[ColumnTest, ...]:
    """The test of the values there are; none where a side is without, or where both hold the same one.

    unlisted: the position that stands for all names that are not listed; None where there is no list.
    """
    if not categorical:
        nearly = _distance_at_quantiles(reference.values, current.values)
        if nearly is not None and nearly + SLACK < MATTERS:
            return (ColumnTest(column, "distance", 1.0, nearly),)  # too near to matter, whatever its p
        sides = (ColumnFigures(len(each.values), 0, each.values) for each in (reference, current))
    else:
        values = np.union1d(reference.categories, current.categories)
        listed = values if unlisted is None else values[values != unlisted]
        sides = (
            ColumnFigures(len(each.values), 0, NO_VALUES, _counts(each, listed, unlisted))
            for each in (reference, current)
        )
    first, second = sides
    return measure_drift({column: first}, {column: second}).tests


def _counts(profile: ColumnProfile, listed: NDArray[np.float64], unlisted: int | None) -> NDArray[np.int64]:
    last = 0 if unlisted is None else profile.count(unlisted)
    return np.append(profile.counts_of(listed), last)


def _distance_at_quantiles(first: Values, second: Values) -> float | None:
    """The K-S distance within SLACK; None for columns that are short enough for the exact one."""
    if min(first.size, second.size) < 10 * QUANTILES:
        return None
    at = np.sort(np.concatenate([side[:: side.size // QUANTILES] for side in (first, second)]))
    gaps = [
        np.searchsorted(first, at, side) / first.size - np.searchsorted(second, at, side) / second.size
        for side in ("left", "right")
    ]
    return float(np.abs(gaps).max())
