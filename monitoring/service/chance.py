"""How probable it is that two sets differ as they do although all their rows come from one source.

Every p is of exchangeable rows: which of them are current's is left to chance, their values are not.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from monitoring.service.evidence.figures import LossSums
from monitoring.service.evidence.harm import p_of_higher_mean

LEVEL = 0.005
"""A check fails if its p is below this, divided by how many checks of its kind there are (Bonferroni).

A summary has up to nine kinds, so unchanged data passes in more than 95 of 100 cases.
"""
EXACT_ROWS = 100_000  # of both sets; above, shares are as good as normally distributed
LARGE = 1000  # equal rows whose number is not gone through one by one
TILTS = np.geomspace(1e-3, 30, 60)  # at which the bound of a sum is tried


@lru_cache(maxsize=2**12)
def p_of_more(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """That so many hits or more are among these rows: Fisher's exact test, one-sided."""
    if not rows or not other_rows:
        return 1.0
    both, hit = rows + other_rows, hits + other_hits
    if both <= EXACT_ROWS:
        return min(float(stats.hypergeom.sf(hits - 1, both, hit, rows)), 1.0)
    mean = rows * hit / both
    variance = mean * (both - hit) / both * other_rows / (both - 1)
    return float(stats.norm.sf((hits - 0.5 - mean) / math.sqrt(variance))) if variance else 1.0


def p_of_fewer(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """That so few hits are among these rows."""
    return p_of_more(rows - hits, rows, other_rows - other_hits, other_rows)


def p_of_other_share(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """That the shares of hits differ as much, in either direction."""
    counts = hits, rows, other_hits, other_rows
    return min(2 * min(p_of_more(*counts), p_of_fewer(*counts)), 1.0)


def p_outside(outside: int, rows: int, reference_rows: int) -> float:
    """That so many of these rows, or more, are below the smallest or above the largest of the reference's.

    The two ends are two of the reference's `reference_rows + 1` gaps, any two of which are as good: that the
    first `outside + 1` of all rows in random order have at most one of the reference's among them.
    """
    if not outside:
        return 1.0
    return float(stats.hypergeom.cdf(1, rows + reference_rows, reference_rows, outside + 1))


@lru_cache(maxsize=2**10)
def most_outside(rows: int, reference_rows: int, level: float) -> int:
    """The largest number of rows outside the reference's range that chance explains at this level."""
    low, high = 0, rows
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if p_outside(middle, rows, reference_rows) > level else (low, middle - 1)
    return low


def p_of_higher(current: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """That current's mean is as high: a permutation test by its exact first three moments."""
    if not current.size or not reference.size:
        return 1.0
    centre, scale = float(reference.mean()), max(float(np.ptp(reference)), float(np.ptp(current))) or 1.0
    p = p_of_higher_mean(*(_sums((side - centre) / scale) for side in (reference, current)))
    return 1.0 if p is None else p


def p_of_other_mean(current: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """That the means differ as much, in either direction."""
    return min(2 * min(p_of_higher(current, reference), p_of_higher(-current, -reference)), 1.0)


def p_of_sum(generating: NDArray[np.float64], total: float) -> float:
    """A bound (Chernoff's) of the chance that a sum of negatively associated terms is at least `total`.

    generating: the logarithm of the sum's moment generating function at each of TILTS, if its terms were
    independent.
    """
    return min(float(np.exp(np.min(generating - TILTS * total))), 1.0)


def p_of_unseen(unseen: int, counts: NDArray[np.int64], drawn: int) -> float:
    """That so many rows, or more, have values that the other set lacks.

    counts: how often each value occurs in both sets; drawn: rows of this one.
    """
    if not unseen:
        return 1.0
    sizes, times = np.unique(counts, return_counts=True)
    everywhere = stats.hypergeom.pmf(sizes, int(counts.sum()), sizes, drawn)  # all of a value's rows are here
    generating = np.log1p(everywhere * np.expm1(np.minimum(np.outer(TILTS, sizes), 700.0))) @ times
    return p_of_sum(generating, unseen)


def p_of_repeats(repeats: int, counts: NDArray[np.int64], rows: int, drawn: int) -> float:
    """That so many of the drawn rows, or more, repeat another one of them.

    counts: how often each row that is not alone occurs in both sets; rows: of both sets.
    """
    if not repeats or drawn >= rows:
        return 1.0
    generating = np.zeros(len(TILTS))
    for size, times in zip(*np.unique(counts, return_counts=True), strict=True):
        if size > LARGE:  # as if each were drawn by itself, which is no less; and all of them were repeats
            generating += times * size * np.log1p(drawn / rows * np.expm1(TILTS))
            continue
        drawn_of_it = np.arange(size + 1)
        chances = stats.hypergeom.pmf(drawn_of_it, rows, int(size), drawn)
        repeated = np.minimum(np.outer(TILTS, np.maximum(drawn_of_it - 1, 0)), 700.0)
        generating += times * np.log(np.exp(repeated) @ chances)
    return p_of_sum(generating, repeats)


def _sums(values: NDArray[np.float64]) -> LossSums:
    squares = values * values
    return LossSums(values.size, float(values.sum()), float(squares.sum()), float((squares * values).sum()))
