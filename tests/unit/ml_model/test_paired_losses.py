"""Losses, and which of two models has the lower ones."""

import time

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from ml_model.service.paired_losses import (
    absolute_losses,
    brier_losses,
    compare_losses,
    loss_sums,
    zero_one_losses,
)


def test_losses_are_what_their_names_say() -> None:
    target = np.array([1.0, 2.0, 7.0])
    probabilities = np.array([[0.5, 0.5], [0.0, 1.0], [0.0, 1.0]])
    assert brier_losses(target, probabilities, np.array([1.0, 2.0])).tolist() == [0.5, 0.0, 2.0]
    assert zero_one_losses(target, np.array([1.0, 1.0, 1.0])).tolist() == [0, 1, 1]
    assert absolute_losses(target, np.array([2.0, 2.0, 2.0])).tolist() == [1, 0, 5]
    assert loss_sums(np.array([1.0, 2.0])).as_dict() == {"rows": 2, "total": 3, "squares": 5, "cubes": 9}


@pytest.mark.parametrize(("rows", "better"), [(36, 0.0), (36, 0.15), (200, 0.05), (2000, 0.008)])
def test_p_agrees_with_scipys_sign_flips(rows: int, better: float) -> None:
    random = np.random.default_rng(rows)
    first = random.exponential(size=rows)
    second = first - better + random.normal(0, 0.3, rows)
    expected = stats.permutation_test(
        (second - first,),
        lambda differences, axis: differences.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=10_000,
        alternative="less",
        random_state=1,
        batch=500,
    )
    found = compare_losses(first, second, 42)
    assert found.p_better == pytest.approx(expected.pvalue, rel=0.1, abs=0.015)
    assert found.p_better + found.p_worse == pytest.approx(1, abs=0.01)


def test_equal_losses_and_no_losses_are_no_reason() -> None:
    same = compare_losses(np.ones(40), np.ones(40), 42)
    assert (same.p_better, same.p_worse, same.mean) == (1, 1, 0)
    none = compare_losses(np.empty(0), np.empty(0), 42)
    assert (none.rows, none.mean, none.p_better, none.upper_bound) == (0, None, 1, None)


def test_changing_places_changes_sides_and_the_same_losses_give_the_same_figures() -> None:
    random = np.random.default_rng(1)
    first, second = random.random(50), random.random(50)
    there, back = compare_losses(first, second, 42), compare_losses(second, first, 42)
    assert there == compare_losses(first, second, 42)
    assert there.p_better == pytest.approx(back.p_worse, abs=0.01)
    assert there.upper_bound == pytest.approx(-(back.lower_bound or 0))


def test_a_bound_holds_in_nineteen_of_twenty() -> None:
    random = np.random.default_rng(1)
    held = [
        (compare_losses(np.zeros(36), random.normal(0.1, 1, 36), 42).upper_bound or 0) >= 0.1
        for _ in range(400)
    ]
    assert 0.92 <= np.mean(held) <= 0.98


@pytest.mark.alone
def test_a_hundred_thousand_rows_are_quick() -> None:
    random = np.random.default_rng(1)
    first = random.random(100_000)
    started = time.perf_counter()
    assert compare_losses(first, first - 0.01 + random.normal(0, 0.3, 100_000), 42).p_better < 1e-4
    assert time.perf_counter() - started < 2
