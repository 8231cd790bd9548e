"""The metrics that runs are chosen and summed up by."""

import math
import sys
from collections.abc import Mapping

from tracking.persistence.model.experiment import Run

# By name, how each is called in statistics; `system_cpu_usage` is not among those of "all".
STATISTICS_NAMES: Mapping[str, str] = {
    "system_execution_time": "duration",
    "model_accuracy": "accuracy",
    "model_f1_score": "f1_score",
    "model_precision": "precision",
    "model_recall": "recall",
    "model_mae": "mae",
    "model_rmse": "rmse",
    "model_r2": "r2",
    "model_max_error": "max_error",
    "system_cpu_usage": "cpu_usage",
}
ALL_STATISTICS = tuple(name for name in STATISTICS_NAMES if name != "system_cpu_usage")
METRIC_NAMES = (
    "model_accuracy",
    "model_f1_score",
    "model_precision",
    "model_recall",
    "model_mae",
    "model_rmse",
    "model_r2",
    "model_max_error",
    "system_cpu_usage",
    "system_execution_time",
)
BETTER_WHEN_LOWER = frozenset(
    {"model_mae", "model_rmse", "model_max_error", "system_cpu_usage", "system_execution_time"}
)


# MLflow keeps an infinite value as the largest double there is.
INFINITE = sys.float_info.max


def finite(value: float) -> float | None:
    """The value, or None for what is no number, or was infinite before MLflow kept it."""
    return value if math.isfinite(value) and abs(value) < INFINITE else None


def number(run: Run, metric: str) -> float | None:
    """The run's value, or None where it has none that can be compared."""
    value = run.metrics.get(metric)
    return None if value is None else finite(value)


def goodness(run: Run, metric: str) -> float:
    """The greater the better: errors and `system_*` are better when lower, and no value is worst of all."""
    value = number(run, metric)
    if value is None:
        return -math.inf
    return -value if metric in BETTER_WHEN_LOWER else value
