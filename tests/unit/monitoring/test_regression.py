"""The verdicts and the report on a regression with a category."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from monitoring.service.comparison import Comparison
from monitoring.service.group_names import fitting_groups
from monitoring.service.report import run_report
from monitoring.service.verdict import run_tests
from tests.unit.monitoring.fires import STATIONS, fire_rows, fires

ROWS = 400
ALL = list(fitting_groups(classifies=False))


def check(comparison: Comparison, group: str, name: str, column: str | None = None) -> dict[str, Any]:
    tests = run_tests(comparison, [group])["tests"]
    (found,) = (test for test in tests if (test["name"], test["column"]) == (name, column))
    return dict(found)


def test_a_regression_has_a_group_of_its_own_in_the_place_of_the_classes() -> None:
    assert ALL == [
        "data_drift",
        "data_quality",
        "data_stability",
        "no_target_performance",
        "regression",
    ]
    assert "regression" not in fitting_groups(classifies=True)
    names = [test["name"] for test in run_tests(fires(ROWS), ["regression"])["tests"]]
    assert names == ["mae", "rmse", "r2", "mean_error", "row_count", "moved_columns", "column_drift"]


def test_a_category_has_a_list_and_no_mean() -> None:
    tests = run_tests(fires(ROWS), ["data_stability"])["tests"]
    of_station = {test["name"] for test in tests if test["column"] == "station"}
    assert of_station == {"out_of_list_share"}


def test_a_category_that_the_reference_lacks_is_told_and_the_list_is_of_names() -> None:
    current = fire_rows(ROWS, "same", seed=3)
    current.loc[:19, "station"] = len(STATIONS) - 1
    comparison = Comparison(
        fire_rows(ROWS, "same", seed=1),
        current,
        ("distance", "station"),
        frozenset({"station"}),
        {"station": STATIONS},
    )
    found = check(comparison, "data_stability", "out_of_list_share", "station")
    assert found["status"] == "FAIL"
    assert found["value"] == pytest.approx(20 / current["station"].notna().sum())
    assert found["condition"].startswith(
        "all values among Acton, Barnet, Soho, Woolwich, Poplar, Euston, unless"
    )


@pytest.mark.parametrize(("how", "status"), [("same", "SUCCESS"), ("elsewhere", "FAIL")])
def test_a_category_drifts_by_its_shares(how: str, status: str) -> None:
    found = check(fires(ROWS, how), "data_drift", "column_drift", "station")
    assert found["status"] == status
    assert "chi-square" in found["description"]


def test_a_model_that_has_become_worse_fails_each_score() -> None:
    tests = run_tests(fires(ROWS, "later"), ["regression"])["tests"]
    failed = {test["name"] for test in tests if test["status"] == "FAIL"}
    assert failed == {"mae", "rmse", "r2", "mean_error", "moved_columns", "column_drift"}


def test_the_mean_error_may_move_by_a_fifth_of_the_references_rmse() -> None:
    reference = fire_rows(ROWS, "same", seed=1)
    errors = reference["prediction"] - reference["target"]
    rmse = float(np.sqrt((errors**2).mean()))
    for share, status in ((0.19, "SUCCESS"), (0.21, "FAIL"), (-0.19, "SUCCESS"), (-0.21, "FAIL")):
        current = reference.assign(prediction=reference["prediction"] + share * rmse)
        comparison = Comparison(reference, current, ("distance",), frozenset())
        found = check(comparison, "regression", "mean_error")
        assert (found["status"], found["value"]) == (status, pytest.approx(errors.mean() + share * rmse))


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows_fail_in_words(rows: int) -> None:
    whole = fires(ROWS)
    few = Comparison(
        whole.reference, whole.current.head(rows), whole.features, whole.categorical, whole.categories
    )
    result = run_tests(few, ALL)
    scores = [test for test in result["tests"] if test["name"] in ("mae", "rmse", "r2", "mean_error")]
    assert [test["status"] for test in scores] == ["FAIL"] * 4
    json.dumps(result, allow_nan=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_the_report_has_the_performance_of_a_regression_and_names_of_categories() -> None:
    result = run_report(fires(ROWS))
    assert "failed" not in result
    names = {metric["metric_name"].partition("(")[0] for metric in result["metrics"]}
    assert {"MAE", "RMSE", "R2Score", "MeanError", "ValueDrift", "DriftedColumnsCount"} <= names
    of_station = "UniqueValueCount(column=station)"
    (counted,) = (metric["value"] for metric in result["metrics"] if metric["metric_name"] == of_station)
    assert set(counted["counts"]) >= set(STATIONS[:6])
    json.dumps(result, allow_nan=False)


def test_rows_without_truth_are_duplicates_of_each_other() -> None:
    known = fire_rows(200, "same", seed=1)
    twice = known.head(10).assign(target=np.nan)
    current = pd.concat([known, twice, twice], ignore_index=True)
    comparison = Comparison(known, current, ("distance", "station"), frozenset({"station"}))
    check = next(
        test for test in run_tests(comparison, ["data_quality"])["tests"] if test["name"] == "duplicated_rows"
    )
    assert check["value"] == len(twice)
