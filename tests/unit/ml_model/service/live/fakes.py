"""Stands in for the database, and for models, where rows are stored in the background."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np

from db.definition import UseCase
from db.unit_of_work import TableMissingError
from ml_model.persistence.model.live_rows import LivePredictions, LiveRows
from ml_model.persistence.repository.live_samples import AlreadyStoredError
from ml_model.service.live.answered import Answered
from ml_model.service.live.indexes import IndexReserve
from ml_model.service.live.models import Live
from ml_model.service.live.opened import Opened, Served
from ml_model.service.live.table import Columns
from ml_model.service.predictor import Predicted
from tests.unit.ml_model.fakes import WINE


@dataclass
class Database:
    """Stands in for the unit of work and its repository.

    failure: of every transaction; broken: is raised by the next commit once it went through; bad: numbers
    that cannot be stored; removed: use cases whose tables are gone; known: those that are registered.
    """

    failure: Exception | None = None
    broken: Exception | None = None
    bad: set[int] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    known: list[UseCase] = field(default_factory=lambda: [WINE])
    numbers: list[int] = field(default_factory=list)
    told: list[LivePredictions] = field(default_factory=list)
    added: list[int] = field(default_factory=list)

    @property
    def live_samples(self) -> Self:
        return self

    @property
    def samples(self) -> Self:
        return self

    def every(self) -> list[UseCase]:
        return self.known

    def add(self, use_case: UseCase, rows: LiveRows, predictions: Sequence[LivePredictions]) -> None:
        if self.failure is not None:
            raise self.failure
        if use_case.name in self.removed:
            raise TableMissingError
        self.added = rows.numbers.tolist()
        if self.bad.intersection(self.added):
            raise ValueError("never")
        if set(self.numbers).intersection(self.added):
            raise AlreadyStoredError
        self.told += predictions

    def stored(self, use_case: UseCase, numbers: Iterable[int]) -> set[int]:
        return set(self.numbers).intersection(numbers)

    def commit(self) -> None:
        self.numbers += self.added
        if self.broken is not None:
            broken, self.broken = self.broken, None
            raise broken

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""


class Always:
    """Predicts one class, or raises it."""

    gives_probabilities = False

    def __init__(self, label: float | Exception) -> None:
        self._label = label

    def predict(self, features: Any) -> Predicted:
        if isinstance(self._label, Exception):
            raise self._label
        return Predicted(np.full(len(features), float(self._label)), None)


def served(number: int, says: float | Exception | None = None) -> Served:
    predictor = Always(number if says is None else says)
    return Served(number, "SVC", Opened(predictor, 0, lambda: predictor), quick=True)


def answered(
    first: int,
    rows: int = 1,
    *,
    shadows: tuple[Served, ...] = (),
    by: int = 1,
    use_case: UseCase = WINE,
) -> Answered:
    live = Live(use_case, Columns(use_case), IndexReserve(10), active=served(1), shadows=shadows)
    labels = np.full(rows, 1.0)
    return Answered(live, served(by), range(first, first + rows), np.zeros((rows, 3)), labels, None, 1e9)
