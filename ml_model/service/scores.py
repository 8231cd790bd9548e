"""How well predictions fit what is known."""

import math

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    max_error,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    root_mean_squared_error,
)

from db.definition import Task

Floats = npt.NDArray[np.float64]

LARGEST_SQUARED = 1e150  # of larger numbers, squares and their sums are infinite
MAIN_METRIC = {Task.CLASSIFICATION: "accuracy", Task.REGRESSION: "r2"}


def compute_metrics(task: Task, target: Floats, predicted: Floats) -> dict[str, float]:
    """Metrics of the labelled rows, if any. target: (rows,), NaN where unknown; predicted: (rows,)."""
    known = ~np.isnan(target)
    if not known.any():
        return {}
    if task is Task.CLASSIFICATION:
        return _of_classes(target[known], predicted[known])
    return _of_numbers(target[known], predicted[known])


def describe(task: Task, metrics: dict[str, float]) -> str:
    """The metrics in a few words."""
    if not metrics:
        return "unknown, as no sample has a target"
    if task is Task.CLASSIFICATION:
        return f"{metrics['accuracy'] * 100}%"
    r2 = f"R² {metrics['r2']:.2f}" if "r2" in metrics else "R² unknown, as it takes two samples"
    return f"{r2}, MAE {_rounded(metrics['mae'])}" if "mae" in metrics else f"{r2}, MAE beyond all numbers"


def _rounded(value: float) -> str:
    return f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def _of_classes(target: Floats, labels: Floats) -> dict[str, float]:
    """Accuracy, and precision, recall and F1 weighted by class."""
    precision, recall, f1_score, _ = precision_recall_fscore_support(
        target, labels, average="weighted", zero_division=0
    )
    return {
        "accuracy": float(accuracy_score(target, labels)),
        "f1_score": float(f1_score),
        "precision": float(precision),
        "recall": float(recall),
    }


def _of_numbers(target: Floats, predicted: Floats) -> dict[str, float]:
    """Mean absolute and root mean squared error, R² (of two rows or more), and the largest error.

    An error that is larger than a double can be is left out.
    """
    largest = max(float(np.abs(target).max()), float(np.abs(predicted).max()))
    scale = largest if largest > LARGEST_SQUARED else 1.0
    target, predicted = target / scale, predicted / scale
    r2 = {"r2": float(r2_score(target, predicted))} if len(target) > 1 else {}
    metrics = {
        "mae": float(mean_absolute_error(target, predicted)) * scale,
        "rmse": float(root_mean_squared_error(target, predicted)) * scale,
        **r2,
        "max_error": float(max_error(target, predicted)) * scale,
    }
    return {name: value for name, value in metrics.items() if math.isfinite(value)}
