"""What Evidently's presets say of a comparison, and what we say of the same."""

from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, MulticlassClassification, Regression, Report
from evidently.core.container import MetricOrContainer
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset, RegressionPreset

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.comparison import Comparison
from monitoring.service.verdict import run_tests

# A check's status, None where we have a rule of our own, and its value.
Verdicts = dict[tuple[str, str | None], tuple[str | None, float]]

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


def evidently_verdicts(
    comparison: Comparison, columns: list[str] | None = None, *, drift_alone: bool = False
) -> Verdicts:
    """Of the presets' tests, those that we have too. columns: whose drift is asked for; None for all."""
    classifies = TARGET in comparison.categorical
    multi_class = MulticlassClassification(target=TARGET, prediction_labels=PREDICTION)
    definition = DataDefinition(
        numerical_columns=[name for name in comparison.columns if name not in comparison.categorical],
        categorical_columns=[name for name in comparison.columns if name in comparison.categorical],
        classification=[multi_class] if classifies else None,
        regression=None if classifies else [Regression(target=TARGET, prediction=PREDICTION)],
    )
    performance = ClassificationPreset() if classifies else RegressionPreset()
    presets: list[MetricOrContainer] = [DataDriftPreset(columns=columns)]
    if not drift_alone:
        presets += [DataSummaryPreset(), performance]
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
    """Of the same name and column."""
    return {
        (test["name"], test["column"]): (
            test["status"] if test["source"] == "evidently" else None,
            test["value"],
        )
        for test in run_tests(comparison, groups)["tests"]
    }
