"""What our checks make of small differences that are none, and of real ones that others overlook."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.comparison import Comparison
from monitoring.service.group_names import fitting_groups
from monitoring.service.verdict import run_tests

Frame = pd.DataFrame
LETTERS = ("a", "b", "c")


def made_up(rows: int, seed: int, *, accuracy: float = 0.8) -> Frame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(rows, 3)), columns=["x0", "x1", "x2"])
    frame[TARGET] = random.integers(0, 2, rows)
    right = random.random(rows) < accuracy
    frame[PREDICTION] = np.where(right, frame[TARGET], 1 - frame[TARGET])
    return frame


def judge(reference: Frame, current: Frame, **categories: tuple[str, ...]) -> dict[str, Any]:
    features = tuple(str(name) for name in reference if name not in (TARGET, PREDICTION))
    categorical = frozenset({TARGET, PREDICTION, *categories})
    unlisted = dict.fromkeys(categories, ("z",))
    comparison = Comparison(reference, current, features, categorical, categories, unlisted)
    return run_tests(comparison, fitting_groups(classifies=True))


def failed(result: dict[str, Any]) -> set[tuple[str, str | None]]:
    """Checks that count and failed, in whichever group."""
    tests = (test for test in result["tests"] if test["source"] == "mlfleet")
    return {(test["name"], test["column"]) for test in tests if test["status"] == "FAIL"}


def test_unchanged_columns_of_thirty_categories_pass() -> None:
    names = tuple(f"v{number:03}" for number in range(30))
    columns = [f"c{number}" for number in range(5)]
    reference, current = made_up(300, 1), made_up(300, 2)
    for seed, side in enumerate((reference, current)):
        side[columns] = np.random.default_rng(seed).integers(0, 30, (300, 5))
    assert failed(judge(reference, current, **dict.fromkeys(columns, names))) == set()


def test_an_outlier_hides_no_shift() -> None:
    reference, current = made_up(1200, 1), made_up(1200, 2)
    reference.loc[0, "x2"] = 1e6
    current["x2"] += 3
    assert failed(judge(reference, current)) == {("moved_columns", None)}


def test_a_rate_that_rises_has_one_verdict_whichever_statistic_evidently_chooses() -> None:
    verdicts = []
    for rows in (1000, 1001):
        reference, current = made_up(rows, 1), made_up(3000, 2)
        reference[TARGET] = (np.arange(rows) % 10 == 0).astype(int)
        current[TARGET] = (np.arange(3000) % 20 < 3).astype(int)
        reference[PREDICTION], current[PREDICTION] = reference[TARGET], current[TARGET]
        found = judge(reference, current)
        theirs = [t["status"] for t in found["tests"] if (t["name"], t["column"]) == ("column_drift", TARGET)]
        verdicts.append((found["summary"]["all_passed"], theirs[0]))
    assert verdicts == [(True, "FAIL"), (True, "SUCCESS")]


def test_unlisted_names_are_drift_and_out_of_the_list_and_named() -> None:
    reference, current = made_up(300, 1), made_up(300, 2)
    reference["c"], current["c"] = np.arange(300) % 3, np.where(np.arange(300) < 177, 3, np.arange(300) % 3)
    found = judge(reference, current, c=LETTERS)
    assert {("moved_columns", None), ("out_of_list_share", "c")} <= failed(found)
    told = [t["description"] for t in found["tests"] if t["name"] in ("moved_columns", "out_of_list_share")]
    assert sum("59.0% of c are names that are not listed: z." in each for each in told) == 4


@pytest.mark.parametrize(("accuracy", "passes"), [(0.97, True), (0.7, True), (0.45, False)])
def test_a_better_model_fails_nothing_and_a_worse_one_does(accuracy: float, passes: bool) -> None:
    found = failed(judge(made_up(400, 1, accuracy=0.7), made_up(400, 2, accuracy=accuracy)))
    assert (found == set()) == passes
    assert passes or {("accuracy", None), ("f1_weighted", None), ("recall_class_0", None)} <= found


@pytest.mark.parametrize("rows", [40, 150, 3000])
def test_length_alone_fails_nothing(rows: int) -> None:
    reference, current = (
        made_up(size, seed).assign(few=np.random.default_rng(seed).integers(0, 4, size))
        for size, seed in ((300, 1), (rows, 2))
    )
    assert failed(judge(reference, current)) == set()


@pytest.mark.parametrize(("missing", "passes"), [(2, True), (60, False)])
def test_two_missing_values_for_one_may_be_chance(missing: int, passes: bool) -> None:
    reference, current = made_up(300, 1), made_up(300, 2)
    reference.loc[0, "x1"] = np.nan
    current.loc[: missing - 1, "x1"] = np.nan
    assert failed(judge(reference, current)) == (set() if passes else {("missing_share", "x1")})


@pytest.mark.parametrize("value", [np.nan, 7.0])
def test_a_column_that_is_always_empty_or_constant_passes(value: float) -> None:
    assert failed(judge(made_up(300, 1).assign(x2=value), made_up(300, 2).assign(x2=value))) == set()


def test_a_column_that_becomes_empty_fails_as_missing_alone() -> None:
    found = judge(made_up(300, 1), made_up(300, 2).assign(x2=np.nan))
    assert failed(found) == {("missing_share", "x2")}
    assert all(test["status"] == "SUCCESS" for test in found["tests"] if test["name"] == "column_drift")


def test_a_column_that_becomes_constant_fails_once_a_group() -> None:
    assert failed(judge(made_up(300, 1), made_up(300, 2).assign(x2=0.1))) == {
        ("constant_columns", None),
        ("moved_columns", None),
    }


def test_a_perfect_model_is_no_pair_of_duplicated_columns() -> None:
    found = judge(made_up(300, 1), made_up(300, 2, accuracy=1.0))
    assert failed(found) == set()
    (check,) = (test for test in found["tests"] if test["name"] == "duplicated_columns")
    assert check["value"] == 0


def test_columns_that_have_become_equal_are_named() -> None:
    current = made_up(300, 2).assign(x2=lambda frame: frame["x1"])
    found = judge(made_up(300, 1), current)
    (check,) = (test for test in found["tests"] if test["name"] == "duplicated_columns")
    assert (check["status"], check["value"]) == ("FAIL", 1)
    assert "x1 and x2" in check["description"]


def test_a_shift_too_small_to_matter_passes_however_many_rows_show_it() -> None:
    assert failed(judge(made_up(30_000, 1), made_up(30_000, 2).assign(x0=lambda f: f["x0"] + 0.05))) == set()


@pytest.mark.parametrize("rows", [36, 20_000])
def test_columns_that_have_moved_are_named_in_the_order_of_their_p(rows: int) -> None:
    moved = made_up(rows, 2).assign(x0=lambda f: f["x0"] + 3, x1=lambda f: f["x1"] + 1.5)
    found = judge(made_up(rows, 1), moved)
    told = next(test for test in found["tests"] if test["name"] == "moved_columns")
    assert told["value"] == 2
    assert told["description"].startswith("2 of 5 columns have moved: x0 by ")
    assert [each["column"] for each in found["distributions"]][:2] == ["x0", "x1"]


def test_many_columns_take_seconds() -> None:
    """856 columns took 77 s in pairs."""
    random = np.random.default_rng(0)
    sides = [
        pd.DataFrame(
            random.poisson(0.02, (200, 300)).astype(float), columns=[f"x{n}" for n in range(300)]
        ).assign(target=np.arange(200) % 2, prediction=np.arange(200) % 2)
        for _ in range(2)
    ]
    assert failed(judge(sides[0], sides[1])) == set()
