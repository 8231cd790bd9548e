"""The groups of checks on wine, and on sets that leave little to judge."""

import json
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from monitoring.service.comparison import Comparison
from monitoring.service.group_names import fitting_groups
from monitoring.service.verdict import run_tests

ALL = list(fitting_groups(classifies=True))


def by_name(result: dict[str, Any], name: str, column: str | None = None) -> dict[str, Any]:
    return next(test for test in result["tests"] if test["name"] == name and test["column"] == column)


def test_unfouled_production_passes_the_data_drift_group(wine: Any) -> None:
    assert run_tests(wine.compare("none"), ["data_drift"])["summary"]["all_passed"]


def test_heavily_fouled_production_fails_the_summary_and_the_drift_share(wine: Any) -> None:
    result = run_tests(wine.compare("heavy"), ALL)
    assert not result["summary"]["all_passed"]
    assert by_name(result, "share_of_drifted_columns")["status"] == "FAIL"
    assert by_name(result, "accuracy")["status"] == "FAIL"


def test_each_group_has_its_checks(wine: Any) -> None:
    result = run_tests(wine.compare(), ALL)
    counted = pd.Series([test["group"] for test in result["tests"]]).value_counts().to_dict()
    assert counted == {
        "data_drift": 2 + 15,
        "data_quality": 15 + 15 + 3,
        "data_stability": 1 + 2 + 15 + 13,
        "no_target_performance": 1 + 2 + 1 + 14 + 14 + 13,
        "multi_class_classification": 2 + 6 + 1 + 2,
    }


def test_the_summary_counts_all_checks_and_tells_how_many_are_evidentlys(wine: Any) -> None:
    result = run_tests(wine.compare("heavy"), ALL)
    total, failed = len(result["tests"]), [test for test in result["tests"] if test["status"] == "FAIL"]
    theirs = sum(test["source"] == "evidently" for test in result["tests"])
    theirs_failed = sum(test["source"] == "evidently" for test in failed)
    assert len(failed) > theirs_failed > 0
    assert result["summary"] == {
        "all_passed": False,
        "total_tests": total,
        "success_tests": total - len(failed),
        "failed_tests": len(failed),
        "by_status": {"SUCCESS": total - len(failed), "FAIL": len(failed)},
        "evidently": {"SUCCESS": theirs - theirs_failed, "FAIL": theirs_failed},
    }


def test_what_evidently_alone_calls_drift_fails_nothing() -> None:
    """Above 1000 rows of reference, its distance without a test flags any small window."""
    random = np.random.default_rng(4)
    reference, current = (
        pd.DataFrame(random.normal(size=(rows, 3)), columns=["a", "b", "c"]).assign(target=0, prediction=0)
        for rows in (1200, 30)
    )
    result = run_tests(Comparison(reference, current, ("a", "b", "c")), ["data_drift"])
    failed = {(test["name"], test["source"]) for test in result["tests"] if test["status"] == "FAIL"}
    assert failed == {("column_drift", "evidently"), ("share_of_drifted_columns", "evidently")}
    assert result["summary"]["all_passed"]


def test_every_check_has_a_limit_and_a_sentence(wine: Any) -> None:
    for test in run_tests(wine.compare(), ALL)["tests"]:
        assert set(test) - {"threshold", "condition"} == {
            "group",
            "name",
            "column",
            "status",
            "value",
            "description",
            "source",
        }
        assert ("threshold" in test) != ("condition" in test)
        assert test["description"].endswith(".")


def test_a_set_compared_with_itself_passes_everything(wine: Any) -> None:
    assert run_tests(Comparison(wine.testing, wine.testing, wine.features), ALL)["summary"]["all_passed"]


def test_the_target_is_not_looked_at_where_it_may_be_unknown(wine: Any) -> None:
    current = wine.production("none").assign(target=2)
    unknown = Comparison(wine.testing, current, wine.features)
    known = wine.compare("none")
    assert run_tests(unknown, ["no_target_performance"]) == run_tests(known, ["no_target_performance"])


@pytest.mark.alone
def test_all_groups_take_less_than_a_second_on_wine(wine: Any) -> None:
    run_tests(wine.compare(), ALL)
    comparison = wine.compare()
    start = time.perf_counter()
    run_tests(comparison, ALL)
    assert time.perf_counter() - start < 1


def null_column(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ash=np.nan)


def constant_column(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ash=2.3)


def one_class(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["target"] == 1].reset_index(drop=True)


def one_row(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(1)


def no_rows(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.head(0)


def twin_columns(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ash=frame["hue"], proline=frame["hue"])


def absent_column(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop(columns="ash")


def text_column(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ash="null")


def infinite_values(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ash=np.inf)


def unknown_class(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(prediction=7)


ODD_SETS = [
    null_column,
    constant_column,
    one_class,
    no_rows,
    twin_columns,
    absent_column,
    text_column,
    infinite_values,
    unknown_class,
]


@pytest.mark.parametrize("odd", ODD_SETS)
def test_an_odd_current_set_fails_with_sentences(wine: Any, odd: Any) -> None:
    result = run_tests(Comparison(wine.testing, odd(wine.production("none")), wine.features), ALL)
    assert result["summary"]["failed_tests"] > 0
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("odd", [*ODD_SETS, one_row])
def test_an_odd_reference_set_gives_verdicts_too(wine: Any, odd: Any) -> None:
    result = run_tests(Comparison(odd(wine.testing), wine.production("none"), wine.features), ALL)
    assert len(result["tests"]) >= 130
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize(
    ("odd", "name", "column"),
    [
        (null_column, "missing_share", "ash"),
        (constant_column, "constant_columns", None),
        (constant_column, "column_drift", "ash"),
        (one_class, "column_drift", "target"),
        (no_rows, "accuracy", None),
        (no_rows, "moved_columns", None),
        (no_rows, "row_count", None),
        (twin_columns, "duplicated_columns", None),
        (absent_column, "column_types", None),
        (absent_column, "column_count", None),
        (text_column, "column_types", None),
        (infinite_values, "out_of_range_share", "ash"),
        (unknown_class, "out_of_list_share", "prediction"),
    ],
)
def test_what_is_odd_is_named(wine: Any, odd: Any, name: str, column: str | None) -> None:
    result = run_tests(Comparison(wine.testing, odd(wine.production("none")), wine.features), ALL)
    assert by_name(result, name, column)["status"] == "FAIL"


def test_a_class_without_samples_is_said_to_have_none(wine: Any) -> None:
    result = run_tests(Comparison(wine.testing, one_class(wine.production("none")), wine.features), ALL)
    assert "no sample of class 0" in by_name(result, "recall_class_0")["description"]


def test_duplicated_rows_are_counted_as_pandas_counts_them(wine: Any) -> None:
    production = wine.production("none")
    for repeated, status in ((3, "SUCCESS"), (20, "FAIL")):  # three of 39 may be chance
        current = pd.concat([production, production.head(repeated)], ignore_index=True)
        result = run_tests(Comparison(wine.testing, current, wine.features), ["data_quality"])
        check = by_name(result, "duplicated_rows")
        assert (check["value"], check["status"]) == (current.duplicated().sum(), status)


def test_weighted_f1_is_scikit_learns(wine: Any) -> None:
    current = wine.production("heavy")
    result = run_tests(wine.compare("heavy"), ["multi_class_classification"])
    expected = f1_score(current["target"], current["prediction"], average="weighted", zero_division=0)
    assert by_name(result, "f1_weighted")["value"] == pytest.approx(expected)
