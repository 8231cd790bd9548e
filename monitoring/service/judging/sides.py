"""What the tests of a verdict need to know of rows."""

import numpy as np
from numpy.typing import NDArray

from db.definition import Feature, FeatureType, Task, UseCase
from monitoring.persistence.model.judged_rows import Floats, JudgedRows
from monitoring.persistence.model.judged_sets import PREDICTION
from monitoring.service.evidence.figures import ColumnFigures, Side, category_figures, number_figures


def side(use_case: UseCase, rows: JudgedRows, classes: Floats) -> Side:
    """The figures of rows' columns. classes: that are known, ascending; see `prediction_figures`."""
    columns = feature_figures(use_case, rows.features)
    said = rows.prediction[rows.predicted]
    return {**columns, PREDICTION: prediction_figures(use_case, said, classes)}


def feature_figures(use_case: UseCase, features: Floats) -> dict[str, ColumnFigures]:
    """By feature. features: (rows, features), as in JudgedRows."""
    return {
        feature.name: _figures(feature, features[:, column])
        for column, feature in enumerate(use_case.features)
    }


def prediction_figures(use_case: UseCase, said: Floats, classes: Floats) -> ColumnFigures:
    """Of predictions, (rows,), none of them missing. classes: those that are known, ascending; all others
    count as one."""
    if use_case.task is Task.REGRESSION:
        return number_figures(said)
    return category_figures(_positions(said, classes), len(classes))


def _figures(feature: Feature, values: Floats) -> ColumnFigures:
    if feature.type is FeatureType.CATEGORY:
        return category_figures(values, len(feature.categories))
    return number_figures(values)


def _positions(said: Floats, classes: Floats) -> NDArray[np.float64]:
    if not len(classes):
        return np.zeros(len(said))
    places = np.minimum(np.searchsorted(classes, said), len(classes) - 1)
    return np.where(classes[places] == said, places, len(classes)).astype(np.float64)
