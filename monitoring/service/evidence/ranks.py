"""Two-sample Kolmogorov-Smirnov of sorted columns: ranks only, so an outlier of any size is one row."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats  # type: ignore[import-untyped]

ALWAYS_EXACT = 1000  # rows of both sides together
EXACT_ROWS = 4000  # up to so many, a small p is exact too
SMALL = 0.2
FEW_VALUES = 50  # up to so many, ties are so many that the test of continuous values would see little


def largest_gap(first: NDArray[np.float64], second: NDArray[np.float64]) -> int:
    """The largest difference of the two shares at or below a value, times both lengths: a whole number.

    first, second: ascending, at least one value each, infinities allowed. Looks the shorter one's values up
    in the longer one: the gap is largest at one of them, or just before it.
    """
    short, long = sorted((first, second), key=len)
    at = np.searchsorted(short, short, "right"), np.searchsorted(long, short, "right")
    before = np.searchsorted(short, short, "left"), np.searchsorted(long, short, "left")
    gaps = [np.abs(own * len(long) - other * len(short)) for own, other in (at, before)]
    return int(max(gap.max() for gap in gaps))


def p_of_gap(first: NDArray[np.float64], second: NDArray[np.float64], gap: int) -> float:
    """The chance of such a gap or a larger one if all rows are drawn from one distribution.

    Exact without ties; by the limit of many rows where there are more than ALWAYS_EXACT and p is not SMALL,
    or more than EXACT_ROWS. With ties it is an upper bound; where values are few, the sum over them of each
    one's chance is a closer one.
    """
    short, long = sorted((len(first), len(second)))
    return min(_of_paths(short, long, gap), _of_few_values(first, second, gap))


def _of_paths(short: int, long: int, gap: int) -> float:
    rows = short + long
    if rows > EXACT_ROWS:
        return _of_many(short, long, gap)
    if rows > ALWAYS_EXACT:
        rough = float(special.kolmogorov(gap / (short * long * rows) ** 0.5))
        if rough > SMALL:
            return rough
    return _exact(short, long, gap)


@lru_cache(maxsize=2**16)
def _exact(short: int, long: int, gap: int) -> float:
    """The share of all orders of short + long rows whose path leaves the corridor of width gap.

    What leaves is added up, not what stays: a p of 1e-12 keeps its digits.
    """
    rows = short + long
    middle = np.arange(1, rows + 1) * short  # own · rows is less than gap away from it, or has left
    first = np.maximum((middle - gap) // rows + 1, 0).tolist()
    last = np.minimum(-((-middle - gap) // rows) - 1, short).tolist()
    unseen = np.arange(short, -1, -1)
    inside = np.zeros(short + 2)
    inside[0] = 1.0
    left, low, high = 0.0, 0, 0  # what is inside lies between these
    for done in range(rows):
        there = inside[low : high + 1]
        to_own = there * unseen[low : high + 1] / (rows - done)
        there -= to_own
        inside[low + 1 : high + 2] += to_own
        high += 1
        if low < first[done]:
            left += float(inside[low : first[done]].sum())
            low = first[done]
        if high > last[done]:
            left += float(inside[last[done] + 1 : high + 1].sum())
            inside[last[done] + 1 : high + 1] = 0.0
            high = last[done]
    return float(np.clip(left, 0.0, 1.0))


@lru_cache(maxsize=2**12)
def _of_many(short: int, long: int, gap: int) -> float:
    information = round(short * long / (short + long))
    return float(stats.kstwo.sf(gap / short / long, max(information, 1)))


def _of_few_values(first: NDArray[np.float64], second: NDArray[np.float64], gap: int) -> float:
    """The sum over the values of the chance that the gap is as large there; 1 if the values are many."""
    cuts = _cuts(first, second)
    if cuts is None:
        return 1.0
    rows, drawn = len(first) + len(second), len(first)
    below = np.searchsorted(first, cuts, "right") + np.searchsorted(second, cuts, "right")
    # own / drawn - (below - own) / len(second) = ±gap / (drawn · len(second)), solved for own
    low = np.floor((below * drawn - gap) / rows + 1e-9)
    high = np.ceil((below * drawn + gap) / rows - 1e-9)
    tails = stats.hypergeom.cdf(low, rows, below, drawn) + stats.hypergeom.sf(high - 1, rows, below, drawn)
    return min(float(tails.sum()), 1.0)


def _cuts(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The distinct values but the last; None if they are more than FEW_VALUES."""
    sides = [side[np.append(True, side[1:] != side[:-1])] for side in (first, second)]
    if max(map(len, sides)) > FEW_VALUES:
        return None
    return np.unique(np.concatenate(sides))[:-1]
