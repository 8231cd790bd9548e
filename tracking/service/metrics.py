"""What is measured of cross-validated predictions."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    max_error,
    mean_absolute_error,
    precision_recall_fscore_support,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)

from fleet.catalogue import Task

Targets = npt.NDArray[np.int64] | npt.NDArray[np.float64]
MOST_CLASSES = 50  # that each have metrics of their own


def compute_metrics(task: Task, actual: Targets, predicted: Targets) -> dict[str, float]:
    """Accuracy, and F1, precision and recall weighted by class; a class never predicted counts as 0.

    Of a regression: mean absolute and root mean squared error, R² and the largest error.
    """
    if task == "regression":
        return {
            "mae": float(mean_absolute_error(actual, predicted)),
            "rmse": float(root_mean_squared_error(actual, predicted)),
            "r2": float(r2_score(actual, predicted)),
            "max_error": float(max_error(actual, predicted)),
        }
    weighted: dict[str, Any] = {"average": "weighted", "zero_division": 0}
    return {
        "accuracy": float(accuracy_score(actual, predicted)),
        "f1_score": float(f1_score(actual, predicted, **weighted)),
        "precision": float(precision_score(actual, predicted, **weighted)),
        "recall": float(recall_score(actual, predicted, **weighted)),
    }


def metrics_per_class(actual: Targets, predicted: Targets) -> dict[str, float]:
    """Precision, recall and F1 of each class, as `<class>_<name>`; none of more than MOST_CLASSES."""
    classes = np.unique(actual)
    if len(classes) > MOST_CLASSES:
        return {}
    found = precision_recall_fscore_support(actual, predicted, labels=classes, zero_division=0)
    return {
        f"{label}_{name}": float(value)
        for name, values in zip(("precision", "recall", "f1_score"), found, strict=False)
        for label, value in zip(classes, values, strict=True)
    }
