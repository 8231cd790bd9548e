"""How far a column has drifted: Evidently's statistics, chosen by Evidently's rule, without its pictures.

Evidently 0.7's own face for this, `ValueDrift`, always draws, which takes nine tenths of the time.
Its statistics have no other public face than the registry in `evidently.legacy`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from evidently import ColumnType
from evidently.legacy.calculations.stattests import (
    StatTest,
    chi_stat_test,
    jensenshannon_stat_test,
    ks_stat_test,
    wasserstein_stat_test,
    z_stat_test,
)

from monitoring.service.profile import ColumnProfile
from monitoring.service.wasserstein import wasserstein_distance

SMALL_REFERENCE = 1000  # rows; above it Evidently leaves p-values for distances
FEW_VALUES = 5  # distinct values up to which Evidently treats a number as a category
SMALLEST_NORM = 0.001  # what Evidently divides by where the reference hardly varies


@dataclass(frozen=True)
class Drift:
    """What was measured. score and threshold are None if nothing could be: reason says why."""

    drifted: bool
    method: str | None = None
    score: float | None = None
    threshold: float | None = None
    reason: str = ""


def measure_drift(reference: ColumnProfile, current: ColumnProfile, *, categorical: bool) -> Drift:
    """Compare two profiles of one column. A side without values cannot be measured and counts as drifted,
    unless both are without."""
    if not reference.finite.size or not current.finite.size:
        return _unmeasured(reference, current)
    stat_test = choose_stat_test(reference, current, categorical=categorical)
    if stat_test is wasserstein_stat_test:
        return _normed_wasserstein(reference, current)
    with np.errstate(divide="ignore", invalid="ignore"):  # a value that the reference lacks: p becomes 0
        result = stat_test(
            pd.Series(reference.finite),
            pd.Series(current.finite),
            ColumnType.Categorical if categorical else ColumnType.Numerical,
            None,
        )
    return Drift(
        drifted=bool(result.drifted),
        method=stat_test.display_name,
        score=float(result.drift_score),
        threshold=float(result.actual_threshold),
    )


def choose_stat_test(reference: ColumnProfile, current: ColumnProfile, *, categorical: bool) -> StatTest:
    """Evidently's default for a column, from its rows in the reference and its distinct values in both."""
    small = reference.finite.size <= SMALL_REFERENCE
    values = _distinct_up_to(reference, current, FEW_VALUES + 1)
    if not categorical and values > FEW_VALUES:
        return ks_stat_test if small else wasserstein_stat_test
    if small:
        return chi_stat_test if values > 2 else z_stat_test
    return jensenshannon_stat_test


def _distinct_up_to(reference: ColumnProfile, current: ColumnProfile, limit: int) -> int:
    """Distinct finite values of both together, exact below the limit."""
    if max(reference.distinct, current.distinct) >= limit + 2:  # at most two of them are infinities
        return limit
    return int(np.union1d(np.unique(reference.finite), np.unique(current.finite)).size)


def _normed_wasserstein(reference: ColumnProfile, current: ColumnProfile) -> Drift:
    norm = max(reference.population_std, SMALLEST_NORM)
    score = wasserstein_distance(reference.finite, current.finite) / norm
    threshold = wasserstein_stat_test.default_threshold
    return Drift(score >= threshold, wasserstein_stat_test.display_name, score, threshold)


def _unmeasured(reference: ColumnProfile, current: ColumnProfile) -> Drift:
    if reference.finite.size:
        return Drift(drifted=True, reason="there are no values in current, so it counts as drifted")
    if current.finite.size:
        return Drift(drifted=True, reason="there are no values in reference, so it counts as drifted")
    return Drift(drifted=False, reason="there are no values in reference nor in current")
