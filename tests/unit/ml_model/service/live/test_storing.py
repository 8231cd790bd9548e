"""Rows that wait to be stored: bounded, kept while the database is away, and counted when they are lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import pytest

from db.definition import UseCase
from fleet.errors import UnavailableError
from ml_model.persistence.model.live_rows import LivePredictions, LiveRows
from ml_model.persistence.repository.live_samples import AlreadyStoredError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.live.indexes import IndexReserve
from ml_model.service.live.models import Live, Served
from ml_model.service.live.storing import Answered, LiveStore
from ml_model.service.live.table import Columns
from ml_model.service.predictor import Predicted
from tests.unit.ml_model.fakes import WINE


@dataclass
class Database:
    """Stands in for the unit of work and its repository."""

    failure: Exception | None = None
    numbers: list[int] = field(default_factory=list)
    told: list[LivePredictions] = field(default_factory=list)

    @property
    def live_samples(self) -> Self:
        return self

    def add(self, use_case: UseCase, rows: LiveRows, predictions: Sequence[LivePredictions]) -> None:
        if self.failure is not None:
            raise self.failure
        self.numbers += rows.numbers.tolist()
        self.told += predictions

    def commit(self) -> None:
        """Everything counts at once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""


class Always:
    """Predicts one class."""

    def __init__(self, label: int) -> None:
        self._label = label

    def predict(self, features: Any) -> Predicted:
        return Predicted(np.full(len(features), float(self._label)), None)


def served(number: int) -> Served:
    return Served(number, "SVC", Always(number), is_quick=True)


def answered(first: int, rows: int = 1, *, shadows: tuple[Served, ...] = (), by: int = 1) -> Answered:
    live = Live(WINE, Columns(WINE), IndexReserve(10), active=served(1), shadows=shadows)
    labels = np.full(rows, 1.0)
    return Answered(live, served(by), range(first, first + rows), np.zeros((rows, 3)), labels, None, 1e9)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def lost() -> list[int]:
    return []


@pytest.fixture
def store(database: Database, lost: list[int]) -> LiveStore:
    """It stores when it is told to only."""
    made = LiveStore(
        lambda: cast(MlModelUnitOfWork, database),
        most_rows=5,
        interval_s=3600,
        lost=lambda _, rows: lost.append(rows),
    )
    made.put(answered(0))
    made.flush()
    return made


def test_more_than_may_wait_is_refused_and_counted(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    assert [store.put(answered(10 * number, 2)) for number in range(1, 4)] == [True, True, False]
    assert (store.backlog, lost) == (4, [2])
    assert store.put(answered(40))
    store.flush()
    assert store.backlog == 0
    assert database.numbers == [0, 10, 11, 20, 21, 40]


def test_rows_wait_in_their_order_while_the_database_is_away(store: LiveStore, database: Database) -> None:
    database.failure = UnavailableError("away", "wait")
    store.put(answered(1))
    store.put(answered(2))
    with pytest.raises(UnavailableError):
        store.flush()
    assert store.backlog == 2
    store.put(answered(3))
    database.failure = None
    store.flush()
    assert (database.numbers, store.backlog) == ([0, 1, 2, 3], 0)


def test_rows_that_were_stored_before_the_connection_broke_are_done(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.failure = AlreadyStoredError()
    store.put(answered(1))
    store.flush()
    assert (store.backlog, lost) == (0, [])


def test_rows_that_can_never_be_stored_are_lost_and_counted(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.failure = ValueError("never")
    store.put(answered(1, 3))
    store.flush()
    assert (store.backlog, lost) == (0, [3])


def test_stopping_stores_what_waits(store: LiveStore, database: Database) -> None:
    store.put(answered(1, 2))
    store.stop()
    assert database.numbers == [0, 1, 2]


def test_a_shadow_is_asked_about_rows_of_its_time_that_it_did_not_answer(
    store: LiveStore, database: Database
) -> None:
    database.told.clear()
    store.put(answered(1))
    store.put(answered(2, 2, shadows=(served(7),)))
    store.put(answered(4, shadows=(served(7),), by=7))
    store.flush()
    answers, shadow = database.told
    assert answers.deployments.tolist() == [1, 1, 1, 7]
    assert (shadow.numbers.tolist(), shadow.deployments.tolist()) == ([2, 3], [7, 7])
    assert shadow.labels.tolist() == [7, 7]
