"""Performance of a classifier, against what it scored on the reference."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.check import Check, Figure, near_reference
from monitoring.service.comparison import Comparison

SCORE_TOLERANCE = 0.2  # relative; Evidently's default


@dataclass(frozen=True)
class Scores:
    """Of one set. precision, recall and support (rows) are in the order of the classes."""

    accuracy: float
    f1_weighted: float
    precision: list[float]
    recall: list[float]
    support: list[int]


def classification_scores(comparison: Comparison) -> list[Check]:
    """Accuracy, weighted F1, and precision and recall of each class that occurs anywhere, within 20 %."""
    reference_rows, current_rows = comparison.labelled("reference"), comparison.labelled("current")
    if reference_rows.empty or current_rows.empty:
        return [_no_rows(name) for name in ("accuracy", "f1_weighted", "precision", "recall")]
    classes = _classes(reference_rows, current_rows)
    reference, current = _scores(reference_rows, classes), _scores(current_rows, classes)
    checks = [
        _near("accuracy", "The accuracy", current.accuracy, reference.accuracy),
        _near("f1_weighted", "The weighted F1", current.f1_weighted, reference.f1_weighted),
    ]
    for position, label in enumerate(classes):
        absent = "" if current.support[position] else f" Current holds no sample of class {label}."
        precisions = current.precision[position], reference.precision[position]
        recalls = current.recall[position], reference.recall[position]
        checks += [
            _near(f"precision_class_{label}", f"The precision of class {label}", *precisions, note=absent),
            _near(f"recall_class_{label}", f"The recall of class {label}", *recalls, note=absent),
        ]
    return checks


def _classes(*frames: pd.DataFrame) -> list[int]:
    found = [frame[column].dropna().unique() for frame in frames for column in (TARGET, PREDICTION)]
    return [int(label) for label in np.unique(np.concatenate(found))]


def _scores(frame: pd.DataFrame, classes: list[int]) -> Scores:
    precision, recall, f1, support = precision_recall_fscore_support(
        frame[TARGET], frame[PREDICTION], labels=classes, zero_division=0.0
    )
    return Scores(
        accuracy=float(accuracy_score(frame[TARGET], frame[PREDICTION])),
        f1_weighted=float(np.average(f1, weights=support)),
        precision=precision.tolist(),
        recall=recall.tolist(),
        support=support.tolist(),
    )


def _near(name: str, what: str, value: float, reference: float, *, note: str = "") -> Check:
    check = near_reference(Figure(name, what, value, reference), relative=SCORE_TOLERANCE)
    return replace(check, description=check.description + note)


def _no_rows(name: str) -> Check:
    return Check(name, False, None, f"There are no rows to compute {name} on.", condition="rows in both sets")
