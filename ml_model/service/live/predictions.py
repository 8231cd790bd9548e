"""Answers requests with the live models."""

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from db.categories import Unlisted
from fleet.errors import InvalidRequestError
from ml_model.service.live.answered import Answered
from ml_model.service.live.models import Live, LiveModels
from ml_model.service.live.opened import Served
from ml_model.service.live.storing import LiveStore
from ml_model.service.live.table import Table

Floats = npt.NDArray[np.float64]

NO_NAMES: Unlisted = {}
QUICK_ROWS = 16  # more would hold up other requests where they wait for each other


class TooManyRowsError(InvalidRequestError):
    """The request has more rows than one may have."""

    def __init__(self, rows: int, most: int) -> None:
        super().__init__(
            f"The request has {rows} rows; at most {most} are answered at a time",
            "Send fewer rows at a time, or raise MAX_PREDICT_ROWS",
        )


class TooLargeValuesError(InvalidRequestError):
    """The model cannot compute with values of that size."""

    def __init__(self, row: int) -> None:
        super().__init__(
            f"Row {row} has values too large for the model to compute with", "Send values of a usual size"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. key: requests with the same one are answered by the same model."""

    use_case: str
    table: Table
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """predictions: one a row, integers of a classification; probabilities: a row's, by class in ascending
    order, or None; numbers: the rows' sample_index, or None where they are not stored."""

    served: Served
    predictions: list[float] | list[int]
    probabilities: list[list[float]] | None
    numbers: range | None


@dataclass(frozen=True)
class Storing:
    """Which share of the requests is stored; by_use_case: where it is another one."""

    share: float = 1.0
    by_use_case: Mapping[str, float] = field(default_factory=dict)

    def asks_for(self, use_case: str) -> bool:
        """Whether this request is to be stored."""
        share = self.by_use_case.get(use_case, self.share)
        return share >= 1 or (share > 0 and random.random() < share)  # noqa: S311  # no secret


class Predictions:
    """Predicts rows as they come in. most_rows: of a request."""

    def __init__(self, models: LiveModels, store: LiveStore, storing: Storing, *, most_rows: int) -> None:
        self._models = models
        self._store = store
        self._storing = storing
        self._most_rows = most_rows

    def answer(self, asked: Asked) -> Answer:
        """Predict, and have the rows stored.

        Raises what LiveModels.find, Live.choose and Columns.matrix do, TooManyRowsError, TooLargeValuesError.
        """
        live = self._models.find(asked.use_case)
        return self._answer(live, live.choose(asked.key), asked.table)

    def answer_quickly(self, asked: Asked) -> Answer | None:
        """The same where it takes hardly any time, otherwise None."""
        if len(asked.table.rows) > QUICK_ROWS:
            return None
        live = self._models.known(asked.use_case)
        served = live.choose(asked.key) if live is not None else None
        if live is None or served is None or not served.is_quick:
            return None
        return self._answer(live, served, asked.table)

    def answer_with(self, use_case: str, deployment_id: int | None, table: Table, key: str) -> Answer:
        """By a named deployment, live or not; None for what is live. Raises UnknownDeploymentError too."""
        live = self._models.find(use_case)
        if deployment_id is None:
            return self._answer(live, live.choose(key), table)
        return self._answer(live, self._models.named(live.use_case.name, deployment_id), table)

    def _answer(self, live: Live, served: Served, table: Table) -> Answer:
        if len(table.rows) > self._most_rows:
            raise TooManyRowsError(len(table.rows), self._most_rows)
        features = live.columns.matrix(table)
        predicted = served.predictor.predict(features)
        labels, by_class = predicted.labels, predicted.by_class
        _check_finite(labels)
        predictions: Any = (labels.astype(np.int64) if live.is_classification else labels).tolist()
        numbers = self._numbers(live, len(features))
        if numbers is not None:
            unlisted = NO_NAMES if table.numbers else live.columns.unlisted(table, features)
            rows = Answered(
                live, served, numbers, features, labels, predicted.probabilities, time.time(), unlisted
            )
            numbers = numbers if self._store.put(rows) else None
        return Answer(served, predictions, None if by_class is None else by_class.tolist(), numbers)

    def _numbers(self, live: Live, rows: int) -> range | None:
        name = live.use_case.name
        if not self._storing.asks_for(name):
            return None
        numbers = live.indexes.take(rows)
        if live.indexes.is_low:
            self._models.look_soon()
        if numbers is None:
            self._store.refuse(name, rows)
        return numbers


def _check_finite(labels: Floats) -> None:
    if not np.isfinite(labels).all():
        raise TooLargeValuesError(int(np.argmin(np.isfinite(labels))))
