"""Whether two sides have the same shares: of categories, and of missing values. All margins are kept."""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats  # type: ignore[import-untyped]

from monitoring.service.evidence.harm import pearson_tail
from monitoring.service.evidence.moments import moments_of_shares

RARE = 2  # rows that the smaller side would have of a name; names with fewer are pooled
MOST_TABLES = 50_000  # that are gone through one by one
TOLERANCE = 1e-9  # two statistics this close are the same one

Counts = NDArray[np.int64]


def pool_rare(first: Counts, second: Counts) -> tuple[Counts, Counts]:
    """Both sides' counts without names that neither has, and those of rare names in one.

    The last position, names that are not listed, stays by itself. Where all are rare, they stay as they are.
    """
    both = first + second
    expected = both * min(first.sum(), second.sum()) / both.sum()
    rare = (expected < RARE) & (both > 0)
    rare[-1] = False
    kept = (both > 0) & ~rare
    if not kept.any():
        return first[both > 0], second[both > 0]
    return tuple(  # type: ignore[return-value]
        np.append(side[kept], side[rare].sum()) if rare.any() else side[kept] for side in (first, second)
    )


def p_of_counts(first: Counts, second: Counts) -> float:
    """Permutation chi² of homogeneity of two sides' counts, by name; every name occurs on one of them."""
    return _p_of_counts(tuple(map(int, first)), tuple(map(int, second)))


@lru_cache(maxsize=2**12)
def _p_of_counts(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    if sum(first) > sum(second):
        first, second = second, first
    drawn, both = np.array(first), np.array(first) + np.array(second)
    rows = int(both.sum())
    statistic = float((drawn**2 / both).sum())
    tables = _tables(drawn.sum(), both)
    if tables is None:
        return _by_moments(statistic, int(drawn.sum()), both)
    logs = special.gammaln(both + 1) - special.gammaln(tables + 1) - special.gammaln(both - tables + 1)
    chances = np.exp(logs.sum(axis=1) - _log_choose(rows, int(drawn.sum())))
    extreme = (tables**2 / both).sum(axis=1) >= statistic * (1 - TOLERANCE)
    return min(float(chances[extreme].sum()), 1.0)


def _tables(drawn: int, both: Counts) -> NDArray[np.int64] | None:
    """Every way to draw so many rows, (tables, names); None if they are too many."""
    sizes = np.minimum(both[:-1], drawn) + 1
    if np.log(sizes).sum() > np.log(MOST_TABLES):
        return None
    grids = np.meshgrid(*(np.arange(size) for size in sizes), indexing="ij")
    chosen = np.stack([grid.ravel() for grid in grids], axis=1)
    rest = drawn - chosen.sum(axis=1)
    possible = (rest >= 0) & (rest <= both[-1])
    tables: NDArray[np.int64] = np.column_stack([chosen, rest])[possible]
    return tables


def _log_choose(rows: int, drawn: int) -> float:
    return float(special.gammaln(rows + 1) - special.gammaln(drawn + 1) - special.gammaln(rows - drawn + 1))


def _by_moments(statistic: float, drawn: int, both: Counts) -> float:
    """A Pearson-III tail with the statistic's exact first three moments over all permutations."""
    mean, variance, skewness = moments_of_shares(drawn, both)
    return pearson_tail((statistic - mean) / math.sqrt(variance), skewness)


@lru_cache(maxsize=2**12)
def p_of_missing(missing: int, rows: int, other_missing: int, other_rows: int) -> float:
    """Fisher's exact test, two-sided, of two shares of missing values."""
    table = [[missing, rows - missing], [other_missing, other_rows - other_missing]]
    return min(float(stats.fisher_exact(table).pvalue), 1.0)
