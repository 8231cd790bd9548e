"""How far a column has drifted: Evidently 0.7's statistics, chosen by its rule, without its pictures.

Its own face for this, `ValueDrift`, always draws, which takes nine tenths of the time, and its statistics
alone have no public face. So they are scipy's here, as Evidently calls them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]
from scipy.spatial import distance  # type: ignore[import-untyped]

from monitoring.service.profile import ColumnProfile
from monitoring.service.wasserstein import wasserstein_distance

SMALL_REFERENCE = 1000  # rows; above it Evidently leaves p-values for distances
FEW_VALUES = 5  # distinct values up to which Evidently treats a number as a category
SMALLEST_NORM = 0.001  # what Evidently divides by where the reference hardly varies
P_VALUE, DISTANCE = 0.05, 0.1  # its thresholds

KS = "K-S p_value"
CHI_SQUARE = "chi-square p_value"
Z_TEST = "Z-test p_value"
JENSEN_SHANNON = "Jensen-Shannon distance"
WASSERSTEIN = "Wasserstein distance (normed)"

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


@dataclass(frozen=True)
class Drift:
    """What was measured. score and threshold are None if nothing could be: reason says why."""

    drifted: bool
    method: str | None = None
    score: float | None = None
    threshold: float | None = None
    reason: str = ""


def measure_drift(reference: ColumnProfile, current: ColumnProfile, *, categorical: bool) -> Drift:
    """Compare two profiles of one column. Without values on either side, nothing can be measured."""
    empty = [name for name, side in (("reference", reference), ("current", current)) if not side.finite.size]
    if empty:
        return Drift(drifted=False, reason=f"there are no values in {' nor in '.join(empty)}")
    method = choose_method(reference, current, categorical=categorical)
    score = METHODS[method](reference, current)
    if method in (JENSEN_SHANNON, WASSERSTEIN):
        return Drift(score >= DISTANCE, method, score, DISTANCE)
    drifted = score <= P_VALUE if method == KS else score < P_VALUE
    return Drift(drifted, method, score, P_VALUE)


def choose_method(reference: ColumnProfile, current: ColumnProfile, *, categorical: bool) -> str:
    """Evidently's default for a column, from its rows in the reference and its distinct values in both."""
    small = reference.finite.size <= SMALL_REFERENCE
    values = _distinct_up_to(reference, current, FEW_VALUES + 1)
    if not categorical and values > FEW_VALUES:
        return KS if small else WASSERSTEIN
    if small:
        return CHI_SQUARE if values > 2 else Z_TEST
    return JENSEN_SHANNON


def _distinct_up_to(reference: ColumnProfile, current: ColumnProfile, limit: int) -> int:
    """Distinct finite values of both together, exact below the limit."""
    if max(reference.distinct, current.distinct) >= limit + 2:  # at most two of them are infinities
        return limit
    return int(np.union1d(np.unique(reference.finite), np.unique(current.finite)).size)


def _counts(reference: ColumnProfile, current: ColumnProfile) -> Counts:
    """How often each finite value that occurs anywhere does so in each set, ascending."""
    values = np.union1d(reference.categories, current.categories)
    values = values[np.isfinite(values)]
    return reference.counts_of(values), current.counts_of(values)


def _ks(reference: ColumnProfile, current: ColumnProfile) -> float:
    return float(stats.ks_2samp(reference.finite, current.finite).pvalue)


def _chi_square(reference: ColumnProfile, current: ColumnProfile) -> float:
    """Of goodness of fit: the reference's shares are taken as exact. 0 for a value that it lacks."""
    expected, observed = _counts(reference, current)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(stats.chisquare(observed, expected * (observed.sum() / expected.sum())).pvalue)


def _z_test(reference: ColumnProfile, current: ColumnProfile) -> float:
    """Of the share of all but the smallest value."""
    first, second = _counts(reference, current)
    if len(first) == 1:
        return 1.0
    sizes = first.sum(), second.sum()
    shares = [1 - float(side[0]) / size for side, size in zip((first, second), sizes, strict=True)]
    both = (shares[0] * sizes[0] + shares[1] * sizes[1]) / (sizes[0] + sizes[1])
    error = np.sqrt(both * (1 - both) * (1 / sizes[0] + 1 / sizes[1]))
    return float(2 * (1 - stats.norm.cdf(abs(shares[0] - shares[1]) / error)))


def _jensen_shannon(reference: ColumnProfile, current: ColumnProfile) -> float:
    first, second = _counts(reference, current)
    return float(distance.jensenshannon(first / first.sum(), second / second.sum()))


def _normed_wasserstein(reference: ColumnProfile, current: ColumnProfile) -> float:
    return wasserstein_distance(reference.finite, current.finite) / max(
        reference.population_std, SMALLEST_NORM
    )


METHODS: Mapping[str, Callable[[ColumnProfile, ColumnProfile], float]] = {
    KS: _ks,
    CHI_SQUARE: _chi_square,
    Z_TEST: _z_test,
    JENSEN_SHANNON: _jensen_shannon,
    WASSERSTEIN: _normed_wasserstein,
}
