"""How the values of what failed are distributed on both sides: small enough to be kept with a result."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.service.checks.drift import moved
from monitoring.service.comparison import SIDES, Comparison
from monitoring.service.profile import ColumnProfile

MOST_COLUMNS = 12
MOST_BINS = 20
OUTER = 0.005  # of the values, which the first and the last bin take in, however far out they are
DIGITS = 5


def distributions(comparison: Comparison, tests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of the columns that moved, and then of those that a check of ours failed; not all, if they are many.

    tests: the checks, as dictionaries. Each has "column", "labels" of the bins, and for each side its shares
    of the values there are.
    """
    failed = [test for test in tests if test["status"] == "FAIL" and test["source"] == "mlfleet"]
    columns = [each.column for each in moved(comparison, comparison.columns)] if failed else []
    columns += [test["column"] for test in failed if test["column"] is not None]
    return [_distribution(comparison, column) for column in list(dict.fromkeys(columns))[:MOST_COLUMNS]]


def _distribution(comparison: Comparison, column: str) -> dict[str, Any]:
    of_column = _shares_of_values if column in comparison.categorical else _shares_of_ranges
    labels, shares = of_column(comparison, column)
    return {"column": column, "labels": labels} | dict(zip(SIDES, shares, strict=True))


def _shares_of_values(comparison: Comparison, column: str) -> tuple[list[str], list[list[float]]]:
    """The most frequent ones; where there are more, the last bin has the others."""
    profiles = [comparison.profile(side, column) for side in SIDES]
    values = np.union1d(*(each.categories for each in profiles))
    counts = np.array([each.counts_of(values) for each in profiles])
    often = np.argsort(-counts.sum(axis=0), kind="stable")
    kept, others = np.sort(often[: MOST_BINS - 1]), often[MOST_BINS - 1 :]
    labels = [comparison.value_text(column, value) for value in values[kept]]
    counted = counts[:, kept]
    if others.size:
        labels.append(f"{others.size} others")
        counted = np.column_stack([counted, counts[:, others].sum(axis=1)])
    return labels, _shares(counted, profiles)


def _shares_of_ranges(comparison: Comparison, column: str) -> tuple[list[str], list[list[float]]]:
    profiles = [comparison.profile(side, column) for side in SIDES]
    present = [each.finite for each in profiles if each.finite.size]
    if not present:
        return [], [[], []]
    low = min(float(np.quantile(values, OUTER)) for values in present)
    high = max(float(np.quantile(values, 1 - OUTER)) for values in present)
    inner = np.linspace(low, high, MOST_BINS + 1)[1:-1] if low < high else np.empty(0)
    edges = [f"{edge:.4g}" for edge in inner]
    labels = [f"{a} to {b}" for a, b in zip(["...", *edges], [*edges, "..."], strict=True)]
    counts = [
        np.diff(np.concatenate(([0], np.searchsorted(each.values, inner), [each.values.size])))
        for each in profiles
    ]
    return labels, _shares(counts, profiles)


def _shares(counts: Iterable[NDArray[np.int64]], profiles: Sequence[ColumnProfile]) -> list[list[float]]:
    sides = zip(counts, profiles, strict=True)
    return [(each / max(profile.values.size, 1)).round(DIGITS).tolist() for each, profile in sides]
