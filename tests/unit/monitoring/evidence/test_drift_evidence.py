"""Whether columns have moved: p-values against scipy's, and what must not break them."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats  # type: ignore[import-untyped]

from monitoring.service.evidence.drift import ColumnTest, measure_drift
from monitoring.service.evidence.figures import category_figures, number_figures, pooled

CASES = Path(__file__).parents[5] / "shared" / "cases" / "data"


def only(reference: Any, window: Any) -> tuple[ColumnTest, ...]:
    """The tests of one column of numbers."""
    sides = [{"x": number_figures(np.asarray(side, dtype=float))} for side in (reference, window)]
    return measure_drift(*sides).tests


def shares(reference: Any, window: Any, listed: int) -> tuple[ColumnTest, ...]:
    """The tests of one category."""
    sides = [{"x": category_figures(np.asarray(side, dtype=float), listed)} for side in (reference, window)]
    return measure_drift(*sides).tests


@pytest.mark.parametrize("sizes", [(30, 30), (36, 142), (178, 100), (7, 900)])
@pytest.mark.parametrize("shift", [0, 0.3, 1.5])
def test_the_distance_and_its_p_are_scipys_exact_ones(sizes: tuple[int, int], shift: float) -> None:
    random = np.random.default_rng(7)
    first, second = random.normal(size=sizes[0]), random.normal(shift, size=sizes[1])
    expected = stats.ks_2samp(first, second, method="exact")
    (test,) = only(first, second)
    assert test.effect == pytest.approx(expected.statistic, rel=1e-12)
    assert test.p == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_distance_of_many_rows_has_scipys_p() -> None:
    random = np.random.default_rng(7)
    first, second = random.normal(size=20_000), random.normal(0.05, size=3000)
    (test,) = only(first, second)
    assert test.p == pytest.approx(stats.ks_2samp(first, second, method="asymp").pvalue, rel=1e-6)


@pytest.mark.parametrize("rows", [1000, 1001, 5000])
def test_a_number_of_two_values_has_its_exact_p_on_either_side_of_any_limit(rows: int) -> None:
    first, second = np.arange(rows) < rows * 0.1, np.arange(1000) < 150
    ones = first.sum() + 150
    drawn = np.arange(ones + 1)
    as_far = np.abs(drawn / 1000 - (ones - drawn) / rows) >= 0.15 - first.mean() - 1e-9
    (test,) = only(first, second)
    assert test.p == pytest.approx(stats.hypergeom.pmf(drawn, rows + 1000, ones, 1000)[as_far].sum())
    assert test.p < 1e-3


def test_ties_make_p_no_smaller_than_permutations_do() -> None:
    random = np.random.default_rng(3)
    first, second = random.normal(size=60).round(1), random.normal(0.6, size=40).round(1)

    def gap(one: Any, other: Any) -> float:
        return float(stats.ks_2samp(one, other, method="asymp").statistic)

    expected = stats.permutation_test(
        (first, second), gap, n_resamples=2000, alternative="greater", random_state=1
    )
    (test,) = only(first, second)
    assert expected.pvalue * 0.7 - 0.005 <= test.p <= expected.pvalue * 2 + 0.01


def test_infinities_are_values_like_others() -> None:
    values = np.concatenate([np.arange(50.0), [np.inf, -np.inf]])
    (test,) = only(values, values)
    assert (test.p, test.effect) == (1.0, 0.0)
    (test,) = only(np.arange(50.0), np.full(50, np.inf))
    assert test.effect == 1
    assert test.p < 1e-20


@pytest.mark.parametrize("values", [[], [np.nan] * 40, [3.0] * 40])
def test_a_column_that_is_empty_or_constant_on_both_sides_is_not_tested(values: list[float]) -> None:
    assert only(values, values) == ()


def test_a_constant_that_becomes_another_one_is_tested() -> None:
    assert only([3.0] * 40, [4.0] * 40)[0].p < 1e-20
    assert only([3.0] * 40, [np.nan] * 40)[0].kind == "missing"


def test_missing_values_have_fishers_p_and_the_difference_of_shares() -> None:
    reference, window = np.arange(142.0), np.arange(36.0)
    window[:6] = np.nan
    reference[:4] = np.nan
    _, test = only(reference, window)
    assert test.kind == "missing"
    assert test.effect == pytest.approx(6 / 36 - 4 / 142)
    assert test.p == pytest.approx(stats.fisher_exact([[6, 30], [4, 138]]).pvalue)


@pytest.mark.parametrize(
    ("names", "sizes"), [(2, (36, 142)), (3, (36, 142)), (6, (100, 142)), (30, (900, 700))]
)
@pytest.mark.parametrize("tilt", [0.0, 0.6])
def test_shares_have_the_p_of_a_hundred_thousand_permutations(
    names: int, sizes: tuple[int, int], tilt: float
) -> None:
    random = np.random.default_rng(names)
    chances = random.dirichlet(np.full(names, 20.0))
    tilted = chances * np.exp(tilt * random.normal(size=names) * (0.3 if names > 6 else 1))
    second = random.multinomial(sizes[1], chances)
    first = random.multinomial(sizes[0], tilted / tilted.sum())
    both = first + second
    drawn = stats.random_table(sizes, both).rvs(100_000, random_state=1)[:, 0, :]
    as_extreme = (drawn**2 / both).sum(axis=1) >= (first**2 / both).sum() * (1 - 1e-9)
    (test,) = shares(np.repeat(np.arange(names), second), np.repeat(np.arange(names), first), names)
    assert test.p == pytest.approx(as_extreme.mean(), rel=0.1, abs=0.002)


def test_an_unchanged_category_of_many_names_is_hardly_ever_significant() -> None:
    random = np.random.default_rng(5)
    chances = random.dirichlet(np.ones(50))
    draws = [[random.choice(50, rows, p=chances) for rows in (200, 300)] for _ in range(400)]
    significant = [shares(first, second, 50)[0].p <= 0.05 for first, second in draws]
    assert np.mean(significant) <= 0.08


def test_names_that_are_all_rare_are_not_pooled_into_one() -> None:
    random = np.random.default_rng(5)
    reference, window = random.integers(0, 400, 1000), random.integers(0, 200, 300)
    assert shares(reference, window, 400)[0].p < 1e-5
    assert shares(reference, random.integers(0, 400, 300), 400)[0].p > 0.01


def test_a_name_that_is_not_listed_is_a_category_of_its_own() -> None:
    reference, window = [0, 1] * 70, [0, 1, 2, 2] * 10
    (test,) = shares(reference, window, 2)
    assert test.effect == pytest.approx(0.5)
    assert test.p < 1e-10


@pytest.mark.alone
def test_a_million_rows_that_moved_by_a_hundredth_of_a_deviation_are_no_reason_to_act_and_quick() -> None:
    random = np.random.default_rng(1)
    first, second = np.sort(random.normal(size=10**6)), np.sort(random.normal(0.01, size=10**6))
    started = time.perf_counter()
    drift = measure_drift({"x": number_figures(first)}, {"x": number_figures(second)})
    assert time.perf_counter() - started < 3
    assert drift.p is not None
    assert drift.p < 1e-6
    assert drift.p_that_matters is None


def test_one_outlier_hides_nothing() -> None:
    if not CASES.is_dir():
        pytest.skip("The cases of ../shared are not there")
    rows = pd.read_csv(CASES / "m03_outlier_hides_3_sigma.csv")
    sides = [
        {name: number_figures(part[name].to_numpy(float)) for name in ("x0", "x1", "x2")}
        for part in (rows[rows.set_ != "production"], rows[rows.set_ == "production"])
    ]
    drift = measure_drift(*sides)
    assert [test.column for test in drift.moved(2e-4)] == ["x2"]
    assert drift.p_that_matters is not None
    assert drift.p_that_matters < 1e-20


def test_columns_are_named_by_holm() -> None:
    random = np.random.default_rng(2)
    reference = {name: number_figures(random.normal(size=200)) for name in "abcd"}
    window = reference | {name: number_figures(random.normal(2, size=100)) for name in "ac"}
    drift = measure_drift(reference, window)
    assert {test.column for test in drift.moved(0.02)} == {"a", "c"}
    assert drift.p == pytest.approx(4 * min(test.p for test in drift.tests))


def test_pooled_sides_are_the_sides_of_all_rows() -> None:
    random = np.random.default_rng(2)
    parts = [np.where(random.random(40) < 0.1, np.nan, random.normal(size=40)) for _ in range(2)]
    both = pooled({"x": number_figures(parts[0])}, {"x": number_figures(parts[1])})["x"]
    whole = number_figures(np.concatenate(parts))
    assert (both.rows, both.missing) == (whole.rows, whole.missing)
    assert (both.values == whole.values).all()
