"""Whether losses have become larger, and which rows count."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]

from monitoring.service.evidence.distinct import counts_once, first_of_each
from monitoring.service.evidence.figures import LossSums
from monitoring.service.evidence.harm import measure_harm


def sums(losses: NDArray[np.float64]) -> LossSums:
    return LossSums(len(losses), float(losses.sum()), float((losses**2).sum()), float((losses**3).sum()))


@pytest.mark.parametrize(("rows", "worse"), [(36, 1.0), (36, 1.5), (100, 1.3), (300, 1.2), (36, 0.7)])
def test_the_p_of_a_mean_agrees_with_a_hundred_thousand_permutations(rows: int, worse: float) -> None:
    random = np.random.default_rng(rows)
    reference, window = random.exponential(size=178), worse * random.exponential(size=rows)
    expected = stats.permutation_test(
        (window, reference),
        lambda one, other, axis: one.mean(axis) - other.mean(axis),
        vectorized=True,
        n_resamples=100_000,
        alternative="greater",
        random_state=1,
        batch=5000,
    )
    assert measure_harm(sums(reference), sums(window)).p == pytest.approx(
        expected.pvalue, rel=0.15, abs=0.002
    )


def test_losses_that_are_all_the_same_are_no_harm() -> None:
    assert measure_harm(sums(np.full(100, 0.1)), sums(np.full(40, 0.1))).p == 1


def test_fewer_than_thirty_labelled_rows_say_nothing() -> None:
    assert measure_harm(sums(np.zeros(100)), sums(np.ones(29))).p is None
    assert measure_harm(sums(np.zeros(100)), LossSums()).effect is None


def test_losses_beyond_numbers_say_nothing_and_stay_json() -> None:
    with np.errstate(over="ignore"):
        harm = measure_harm(sums(np.full(100, 1e300)), sums(np.full(40, 1e300)))
    assert harm.p is None


def test_equal_rows_are_found_with_missing_values_and_either_zero() -> None:
    rows = np.array([[1, np.nan], [1, np.nan], [0.0, 2], [-0.0, 2], [np.nan, 1], [1, 2]])
    assert first_of_each(rows).tolist() == [True, False, True, False, True, True]
    assert first_of_each(np.empty((0, 2))).tolist() == []


def test_the_order_of_values_within_a_row_counts() -> None:
    assert first_of_each(np.array([[1.0, 2], [2, 1]])).all()


def test_equal_rows_count_where_they_are_usual() -> None:
    assert counts_once(np.arange(200.0).reshape(100, 2))
    assert not counts_once(np.repeat(np.arange(100.0).reshape(50, 2), 2, axis=0))


@pytest.mark.alone
def test_a_million_rows_are_quick() -> None:
    rows = np.random.default_rng(1).normal(size=(1_000_000, 13))
    rows[500_000:] = rows[:500_000]
    started = time.perf_counter()
    assert first_of_each(rows).sum() == 500_000
    assert time.perf_counter() - started < 3
