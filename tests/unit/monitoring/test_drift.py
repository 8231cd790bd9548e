"""The drift of one column: Evidently's rule, and a Wasserstein distance of our own."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidently import ColumnType
from evidently.legacy.calculations.stattests import get_stattest
from scipy import stats  # type: ignore[import-untyped]

from monitoring.service.drift import choose_method, measure_drift
from monitoring.service.profile import ColumnProfile
from monitoring.service.wasserstein import wasserstein_distance


def profile(values: Any) -> ColumnProfile:
    return ColumnProfile(pd.Series(values, dtype=float))


@pytest.mark.parametrize("sizes", [(1, 1), (1, 7), (36, 36), (1000, 999), (5000, 20), (20, 5000)])
def test_the_wasserstein_distance_is_scipys(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    first = np.sort(random.normal(0, 3, sizes[0]))
    second = np.sort(random.exponential(2, sizes[1]).round(1))
    assert wasserstein_distance(first, second) == pytest.approx(
        stats.wasserstein_distance(first, second), rel=1e-12, abs=1e-12
    )


@pytest.mark.parametrize("categorical", [True, False])
@pytest.mark.parametrize("rows", [2, 1000, 1001])
@pytest.mark.parametrize("distinct", [1, 2, 3, 5, 6, 50])
def test_the_statistic_is_the_one_that_evidently_chooses(rows: int, distinct: int, categorical: bool) -> None:
    reference, current = (np.arange(size) % distinct for size in (rows, 300))
    kind = ColumnType.Categorical if categorical else ColumnType.Numerical
    chosen = choose_method(profile(reference), profile(current), categorical=categorical)
    assert chosen == get_stattest(pd.Series(reference), pd.Series(current), kind, None).display_name


def test_values_that_only_one_side_has_count_for_the_choice_of_the_statistic() -> None:
    assert choose_method(profile([1, 2, 3]), profile([4, 5, 6]), categorical=False) == "K-S p_value"


def test_infinities_are_left_out() -> None:
    values = np.arange(100.0)
    infected = np.concatenate([values, [np.inf, -np.inf, np.nan]])
    assert measure_drift(profile(values), profile(infected), categorical=False).score == pytest.approx(1)


def test_a_class_that_the_reference_lacks_is_drift_and_no_warning() -> None:
    drift = measure_drift(profile([0, 1] * 20), profile([0, 1, 2] * 13), categorical=True)
    assert drift.drifted
    assert drift.score == 0


def test_the_drift_of_a_side_without_values_cannot_be_measured_and_says_so() -> None:
    drift = measure_drift(profile([1, 2, 3]), profile([np.nan, np.nan]), categorical=False)
    assert not drift.drifted
    assert drift.score is None
    assert "no values in current" in drift.reason


def test_no_values_on_either_side_are_no_drift() -> None:
    assert not measure_drift(profile([np.nan]), profile([]), categorical=False).drifted
