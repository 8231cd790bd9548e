"""Every figure that Evidently's presets give too is the same as theirs; so is the status of what is its."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from evidently import DataDefinition, Dataset, MulticlassClassification, Regression, Report
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset, RegressionPreset

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.comparison import Comparison
from monitoring.service.group_names import fitting_groups
from monitoring.service.verdict import run_tests
from tests.unit.monitoring.fires import fires

pytestmark = [
    # Evidently divides by zero and draws flat lines on its own account.
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning"),
]

# A check's status, None where we have a rule of our own, and its value.
Verdicts = dict[tuple[str, str | None], tuple[str | None, float]]

# The share of drifted columns of the other group leaves the target out: the last test is about that.
WITH_TARGET = [group for group in fitting_groups(classifies=True) if group != "no_target_performance"]

# Evidently's metric and, for counts, which of its two values is tested: our name of the same check.
SAME_CHECKS = {
    ("DriftedColumnsCount", "share"): "share_of_drifted_columns",
    ("ValueDrift", None): "column_drift",
    ("MissingValueCount", "share"): "missing_share",
    ("RowCount", None): "row_count",
    ("ColumnCount", None): "column_count",
    ("ConstantColumnsCount", None): "constant_columns",
    ("DuplicatedColumnsCount", None): "duplicated_columns",
    ("DuplicatedRowCount", None): "duplicated_rows",
    ("Accuracy", None): "accuracy",
    ("MAE", "mean"): "mae",
    ("RMSE", None): "rmse",
    ("R2Score", None): "r2",
}


def evidently_verdicts(comparison: Comparison, columns: list[str] | None = None) -> Verdicts:
    classifies = TARGET in comparison.categorical
    multi_class = MulticlassClassification(target=TARGET, prediction_labels=PREDICTION)
    definition = DataDefinition(
        numerical_columns=[name for name in comparison.columns if name not in comparison.categorical],
        categorical_columns=[name for name in comparison.columns if name in comparison.categorical],
        classification=[multi_class] if classifies else None,
        regression=None if classifies else [Regression(target=TARGET, prediction=PREDICTION)],
    )
    performance = ClassificationPreset() if classifies else RegressionPreset()
    presets = [DataDriftPreset(columns=columns), DataSummaryPreset(), performance]
    reference, current = (
        Dataset.from_pandas(with_names(comparison, frame), definition)
        for frame in (comparison.reference, comparison.current)
    )
    snapshot = Report(presets, include_tests=True).run(current, reference)
    values = {metric["id"]: metric["value"] for metric in snapshot.dict()["metrics"]}
    verdicts: Verdicts = {}
    for test in snapshot.tests_results:
        parameters = test.metric_config.params
        metric = parameters["type"].rpartition(":")[2]
        value, slot = value_under_test(values[test.metric_config.metric_id], test)
        name = SAME_CHECKS.get((metric, slot))
        if name is not None:
            verdicts[name, parameters.get("column")] = (test.status.value, value)
    return verdicts


def value_under_test(value: Any, test: Any) -> tuple[float, str | None]:
    if not isinstance(value, dict):
        return float(value), None
    if "mean" in value:
        slot = "mean" if test.bound_test.is_mean else "std"
    else:
        slot = "count" if test.bound_test.is_count else "share"
    return float(value[slot]), slot


def with_names(comparison: Comparison, frame: pd.DataFrame) -> pd.DataFrame:
    """Categories as texts, as anybody would hand them to Evidently."""
    names = {
        column: frame[column].map(dict(enumerate(listed))) for column, listed in comparison.categories.items()
    }
    return frame.assign(**names)


def our_verdicts(comparison: Comparison, groups: list[str]) -> Verdicts:
    return {
        (test["name"], test["column"]): (
            test["status"] if test["source"] == "evidently" else None,
            test["value"],
        )
        for test in run_tests(comparison, groups)["tests"]
    }


def assert_same(ours: Verdicts, theirs: Verdicts) -> None:
    for check, (status, value) in theirs.items():
        assert ours[check][0] in (status, None), check
        assert ours[check][1] == pytest.approx(value, rel=1e-12, abs=1e-12), check


def large(rows: int, shift: float) -> pd.DataFrame:
    """More rows than Evidently gives p-values for; some columns have few values, one value, or a twin."""
    random = np.random.default_rng(rows)
    frame = pd.DataFrame(random.normal(shift, 1, (rows, 3)), columns=["a", "b", "c"])
    frame["few"] = random.integers(0, 3 + (shift > 0.5), rows).astype(float)
    frame["constant"] = 1.0
    frame["doubled"] = frame["a"]
    frame.loc[: rows // 50, "b"] = np.nan
    frame["target"] = random.integers(0, 3, rows)
    frame["prediction"] = np.where(random.random(rows) < 0.9, frame["target"], 0)
    return pd.concat([frame, frame.head(20)], ignore_index=True)


@pytest.mark.parametrize("fouling", ["reference", "heavy", "none"])
def test_verdicts_on_wine_are_those_of_the_presets(wine: Any, fouling: str) -> None:
    comparison = wine.compare(fouling)
    theirs = evidently_verdicts(comparison)
    assert len(theirs) == 37  # 1 + 15 of drift, 15 missing shares, 5 of the whole set, 1 of accuracy
    assert_same(our_verdicts(comparison, WITH_TARGET), theirs)


@pytest.mark.parametrize("shift", [0.0, 0.05, 1.0])
def test_verdicts_on_more_rows_than_p_values_serve_are_those_of_the_presets(shift: float) -> None:
    reference, current = large(1500, 0.0), large(1400, shift)
    comparison = Comparison(reference, current, ("a", "b", "c", "few", "constant", "doubled"))
    assert_same(our_verdicts(comparison, WITH_TARGET), evidently_verdicts(comparison))


def test_the_share_of_drifted_columns_without_the_target_is_that_of_the_preset(wine: Any) -> None:
    comparison = wine.compare("reference")
    theirs = evidently_verdicts(comparison, columns=list(comparison.columns_without_target))
    ours = our_verdicts(comparison, ["no_target_performance"])
    check = ("share_of_drifted_columns", None)
    assert ours[check] == theirs[check]


@pytest.mark.parametrize("rows", [200, 1500])
@pytest.mark.parametrize("how", ["same", "later", "elsewhere", "few stations"])
def test_verdicts_on_a_regression_with_categories_are_those_of_the_presets(rows: int, how: str) -> None:
    comparison = fires(rows, how)
    groups = [group for group in fitting_groups(classifies=False) if group != "no_target_performance"]
    ours, theirs = our_verdicts(comparison, groups), evidently_verdicts(comparison)
    assert {("mae", None), ("rmse", None), ("r2", None), ("column_drift", "station")} <= set(theirs)
    assert_same(ours, theirs)
