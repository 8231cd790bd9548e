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
from monitoring.service.comparison import SIDES, UNLISTED, Comparison
from monitoring.utils.json_values import json_value

# Presets, the reference and current rows that they are about, and the columns.
Part = tuple[list[MetricOrContainer], tuple[pd.DataFrame, pd.DataFrame], list[str]]

log = logging.getLogger(__name__)


def run_report(comparison: Comparison) -> dict[str, Any]:
    """Evidently's metrics, ready for JSON: {"metrics": [...]}.

    "left_out" names the columns that cannot be described because a side has no values in them, such as the
    target where no truth is known, and "failed" the parts of the report that Evidently could not make of the
    sets; both are absent if there are none.
    """
    columns = *comparison.features, TARGET, PREDICTION
    kept = [name for name in columns if _describable(comparison, name)]
    left_out = [name for name in columns if name not in kept]
    result: dict[str, Any] = {"metrics": []}
    if left_out:
        result["left_out"] = left_out
    for part, (presets, sides, described) in _parts(comparison, kept).items():
        definition = _definition(comparison, described)
        reference, current = (
            Dataset.from_pandas(_named(comparison, frame[described]), definition) for frame in sides
        )
        try:
            snapshot = Report(presets).run(current, reference)
        except Exception as error:
            log.warning("Evidently cannot make the %s part of the report", part, exc_info=error)
            result.setdefault("failed", []).append(part)
        else:
            result["metrics"] += json_value(snapshot.dict()["metrics"])
    return result


def _parts(comparison: Comparison, columns: list[str]) -> dict[str, Part]:
    """By name. Where the truth of some rows is not known, the target is described by the others alone."""
    if PREDICTION not in columns:
        return {}
    every, labelled = ((of("reference"), of("current")) for of in (comparison.frame, comparison.labelled))
    data = [DataDriftPreset(), DataSummaryPreset()]
    if TARGET not in columns:
        return {"data": (data, every, columns)}
    target = [ValueDrift(column=TARGET)]
    if all(len(rows) == len(known) for rows, known in zip(every, labelled, strict=True)):
        parts: dict[str, Part] = {"data": ([*data, *target], every, columns)}
    else:
        without = [column for column in columns if column != TARGET]
        parts = {"data": (data, every, without), "target": (target, labelled, columns)}
    if TARGET in comparison.categorical:
        return {**parts, "classification": ([ClassificationPreset()], labelled, columns)}
    return {**parts, "regression": ([RegressionPreset()], labelled, columns)}


def _definition(comparison: Comparison, columns: list[str]) -> DataDefinition:
    classifies, labelled = TARGET in comparison.categorical, TARGET in columns
    classification = MulticlassClassification(target=TARGET, prediction_labels=PREDICTION)
    return DataDefinition(
        numerical_columns=[name for name in columns if name not in comparison.categorical],
        categorical_columns=[name for name in columns if name in comparison.categorical],
        classification=[classification] if classifies and labelled else None,
        regression=[Regression(target=TARGET, prediction=PREDICTION)]
        if labelled and not classifies
        else None,
    )


def _describable(comparison: Comparison, column: str) -> bool:
    return all(comparison.profile(side, column).finite.size for side in SIDES)


def _named(comparison: Comparison, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the names of its categories."""
    named = frame.copy(deep=False)
    for column in comparison.categories.keys() & set(frame.columns):
        named[column] = frame[column].map(dict(enumerate((*comparison.categories[column], UNLISTED))))
    return named
