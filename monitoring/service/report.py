"""Evidently's report: its presets for drift, data summary, target drift, and classification or regression.

This is the slow one: Evidently draws a picture for nearly every figure, and no option stops it.
"""

import logging
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, MulticlassClassification, Regression, Report
from evidently.core.container import MetricOrContainer
from evidently.metrics import ValueDrift
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset, RegressionPreset

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.comparison import Comparison, Side
from monitoring.utils.json_values import json_value

log = logging.getLogger(__name__)

SIDES: tuple[Side, Side] = ("reference", "current")


def run_report(comparison: Comparison) -> dict[str, Any]:
    """Evidently's metrics, ready for JSON: {"metrics": [...]}.

    "left_out" names the columns that cannot be described because a side has no values in them, and "failed"
    the part of the report that Evidently could not make of these sets; both are absent if there are none.
    """
    kept = [name for name in comparison.columns if _describable(comparison, name)]
    left_out = [name for name in comparison.columns if name not in kept]
    result: dict[str, Any] = {"metrics": []}
    if left_out:
        result["left_out"] = left_out
    if {TARGET, PREDICTION} <= set(kept):
        definition = _definition(comparison, kept)
        reference, current = (
            Dataset.from_pandas(_named(comparison, comparison.frame(side)[kept]), definition)
            for side in SIDES
        )
        for part, presets in _parts(comparison).items():
            try:
                snapshot = Report(presets).run(current, reference)
            except Exception as error:
                log.warning("Evidently cannot make the %s part of the report", part, exc_info=error)
                result.setdefault("failed", []).append(part)
            else:
                result["metrics"] += json_value(snapshot.dict()["metrics"])
    return result


def _parts(comparison: Comparison) -> dict[str, list[MetricOrContainer]]:
    data = [DataDriftPreset(), DataSummaryPreset(), ValueDrift(column=TARGET)]
    if TARGET in comparison.categorical:
        return {"data": data, "classification": [ClassificationPreset()]}
    return {"data": data, "regression": [RegressionPreset()]}


def _definition(comparison: Comparison, columns: list[str]) -> DataDefinition:
    classifies = TARGET in comparison.categorical
    classification = MulticlassClassification(target=TARGET, prediction_labels=PREDICTION)
    return DataDefinition(
        numerical_columns=[name for name in columns if name not in comparison.categorical],
        categorical_columns=[name for name in columns if name in comparison.categorical],
        classification=[classification] if classifies else None,
        regression=None if classifies else [Regression(target=TARGET, prediction=PREDICTION)],
    )


def _describable(comparison: Comparison, column: str) -> bool:
    return all(comparison.profile(side, column).finite.size for side in SIDES)


def _named(comparison: Comparison, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the names of its categories."""
    named = frame.copy(deep=False)
    for column in comparison.categories.keys() & set(frame.columns):
        named[column] = frame[column].map(dict(enumerate(comparison.categories[column])))
    return named
