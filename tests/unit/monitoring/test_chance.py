"""Chances, against what shuffling gives."""

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from monitoring.service import chance

SHUFFLES = 4000


def test_shares_are_fishers_test_and_nearly_so_for_many_rows() -> None:
    table = [[30, 70], [20, 180]]
    fisher = stats.fisher_exact(table, alternative="greater").pvalue
    assert chance.p_of_more(30, 100, 20, 200) == pytest.approx(fisher)
    assert chance.p_of_fewer(70, 100, 180, 200) == pytest.approx(fisher)
    exact = stats.hypergeom.sf(50_499, 300_000, 150_000, 100_000)
    assert chance.p_of_more(50_500, 100_000, 99_500, 200_000) == pytest.approx(exact, rel=0.01)


@pytest.mark.parametrize(("reference", "rows", "outside"), [(50, 50, 4), (200, 30, 1), (20, 100, 20)])
def test_what_is_outside_a_range_is_what_shuffling_gives(reference: int, rows: int, outside: int) -> None:
    random = np.random.default_rng(1)
    found = 0
    for _ in range(SHUFFLES):
        values = random.random(reference + rows)
        low, high = values[:reference].min(), values[:reference].max()
        found += np.sum((values[reference:] < low) | (values[reference:] > high)) >= outside
    expected = chance.p_outside(outside, rows, reference)
    assert found / SHUFFLES == pytest.approx(expected, abs=4 * np.sqrt(0.25 / SHUFFLES))


def test_the_most_that_may_be_outside_is_the_last_that_chance_explains() -> None:
    most = chance.most_outside(100, 80, 0.001)
    assert chance.p_outside(most, 100, 80) > 0.001 >= chance.p_outside(most + 1, 100, 80)


def test_the_bounds_of_sums_are_above_what_shuffling_gives_and_see_what_is_gross() -> None:
    random = np.random.default_rng(2)
    counts = np.array([40, 20, 5, 3, 2, 2, 1, 1, 1, 1])
    rows, drawn = int(counts.sum()), 30
    tables = random.multivariate_hypergeometric(counts, drawn, SHUFFLES)
    unseen = ((tables == counts) * tables).sum(axis=1)
    repeats = np.maximum(tables - 1, 0).sum(axis=1)
    for number in range(2, 9):
        assert chance.p_of_unseen(number, counts, drawn) >= np.mean(unseen >= number) - 0.02
    for number in range(int(repeats.mean()), int(repeats.max()) + 1):
        assert (
            chance.p_of_repeats(number, counts[counts > 1], rows, drawn) >= np.mean(repeats >= number) - 0.02
        )
    assert chance.p_of_unseen(20, np.array([20, 100, 100]), 100) < 1e-6
    assert chance.p_of_repeats(40, np.full(40, 2), 200, 100) < 1e-6
    assert chance.p_of_repeats(900_000, np.array([1_000_000]), 2_000_000, 1_000_000) < 1e-6


def test_means_are_what_shuffling_gives() -> None:
    random = np.random.default_rng(3)
    reference, current = random.exponential(size=60), random.exponential(size=30) + 0.3
    both = np.concatenate([reference, current])
    means = [random.permutation(both)[:30].mean() for _ in range(SHUFFLES)]
    expected = np.mean(np.array(means) >= current.mean())
    assert chance.p_of_higher(current, reference) == pytest.approx(expected, abs=0.02)
    assert chance.p_of_other_mean(current, current) == 1
