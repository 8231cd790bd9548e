"""Evidently's report, ready for JSON."""

import json
from typing import Any

import numpy as np
import pytest

from monitoring.service.comparison import Comparison
from monitoring.service.report import run_report

pytestmark = [
    # On odd sets Evidently divides by zero, and asks scikit-learn for figures that are not defined.
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def metric_names(result: dict[str, Any]) -> set[str]:
    return {metric["metric_name"].partition("(")[0] for metric in result["metrics"]}


def test_the_report_has_drift_data_summary_target_drift_and_classification(wine: Any) -> None:
    result = run_report(wine.compare())
    names = metric_names(result)
    assert {
        "DriftedColumnsCount",
        "ValueDrift",
        "MissingValueCount",
        "MeanValue",
        "Accuracy",
        "F1ByLabel",
    } <= names
    assert "ValueDrift(column=target,method=chi-square p_value,threshold=0.05)" in {
        metric["metric_name"] for metric in result["metrics"]
    }
    json.dumps(result, allow_nan=False)


def test_a_column_without_values_is_left_out_and_named(wine: Any) -> None:
    current = wine.production("none").assign(ash=np.nan)
    result = run_report(Comparison(wine.testing, current, wine.features))
    assert result["left_out"] == ["ash"]
    assert result["metrics"]
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_report_on_hardly_any_rows_is_no_error(wine: Any, rows: int) -> None:
    result = run_report(Comparison(wine.testing, wine.production("none").head(rows), wine.features))
    json.dumps(result, allow_nan=False)


def test_a_part_that_evidently_cannot_make_is_named(wine: Any) -> None:
    # Evidently takes two classes for a binary task, whose positive class it then looks for in vain.
    renamed = {"target": {1: 5}, "prediction": {1: 5}}
    testing, production = (
        frame[frame[["target", "prediction"]].gt(0).all(axis=1)].replace(renamed)
        for frame in (wine.testing, wine.production("none"))
    )
    result = run_report(Comparison(testing, production, wine.features))
    assert result["failed"] == ["classification"]
    assert "ValueDrift" in metric_names(result)


def test_a_report_on_one_class_is_no_error(wine: Any) -> None:
    current = wine.production("none")
    result = run_report(Comparison(wine.testing, current[current["target"] == 1], wine.features))
    json.dumps(result, allow_nan=False)
