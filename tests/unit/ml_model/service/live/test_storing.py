"""Rows that wait to be stored: bounded, kept while the database is away, and counted when they are lost."""

import threading
import time
from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest

from db.unit_of_work import TableMissingError
from fleet.errors import ConflictError, OutOfTimeError, UnavailableError
from ml_model.persistence.repository.live_samples import AlreadyStoredError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.live import storing
from ml_model.service.live.storing import LiveStore
from tests.unit.ml_model.fakes import WINE
from tests.unit.ml_model.service.live.fakes import Database, answered, served


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


def test_rows_that_come_while_others_are_stored_wait_for_the_next_time(database: Database) -> None:
    coming = iter(range(10, 100))

    def another(_: str, rows: int, classes: Mapping[int, int]) -> None:
        never_resting.put(answered(next(coming)))

    never_resting = LiveStore(
        lambda: cast(MlModelUnitOfWork, database), most_rows=5, interval_s=3600, stored=another
    )
    never_resting.put(answered(1))
    never_resting.flush()
    assert (database.numbers, never_resting.backlog) == ([1], 1)


def test_rows_that_were_stored_before_the_connection_broke_are_done(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    store.put(answered(1, 2))
    database.broken = UnavailableError("broken", "wait")
    with pytest.raises(UnavailableError):
        store.flush()
    store.put(answered(3, 2))
    store.flush()
    assert (store.backlog, lost) == (0, [])
    assert database.numbers == [0, 1, 2, 3, 4]


def test_rows_that_can_never_be_stored_are_lost_and_counted(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.failure = ValueError("never")
    store.put(answered(1, 3))
    store.flush()
    assert (store.backlog, lost) == (0, [3])


def test_rows_that_are_said_to_be_stored_and_are_not_are_lost_and_counted(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.failure = AlreadyStoredError()
    store.put(answered(1))
    store.put(answered(2))
    store.flush()
    assert (store.backlog, lost) == (0, [1, 1])


def test_a_request_that_cannot_be_stored_costs_only_itself(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.bad = {20}
    for number in (10, 20, 30, 40):
        store.put(answered(number))
    store.flush()
    assert (store.backlog, lost) == (0, [1])
    assert database.numbers == [0, 10, 30, 40]


def test_who_cannot_be_told_of_stored_rows_keeps_no_others_from_being_stored(database: Database) -> None:
    failures = iter([OSError("the disk is full")])

    def fail_once(_: str, rows: int, classes: Mapping[int, int]) -> None:
        for failure in failures:
            raise failure

    moody = LiveStore(
        lambda: cast(MlModelUnitOfWork, database), most_rows=5, interval_s=0.02, stored=fail_once
    )
    moody.put(answered(1))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and moody.backlog:
        time.sleep(0.01)
    moody.put(answered(2))
    while time.monotonic() < deadline and moody.backlog:
        time.sleep(0.01)
    assert (database.numbers, moody.backlog) == ([1, 2], 0)


def test_stopping_stores_what_waits(store: LiveStore, database: Database) -> None:
    store.put(answered(1, 2))
    store.stop()
    assert database.numbers == [0, 1, 2]


@pytest.mark.parametrize("failure", [UnavailableError("", ""), ConflictError("", ""), OutOfTimeError()])
def test_what_stopping_cannot_store_is_counted(
    store: LiveStore, database: Database, lost: list[int], failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "STOP_S", 0.5)
    database.failure = failure
    store.put(answered(1, 2))
    store.stop()
    assert lost == [2]


@pytest.mark.alone
def test_stopping_waits_for_no_database_that_is_stuck(
    store: LiveStore, database: Database, lost: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "STOP_S", 0.3)
    stuck = threading.Event()
    monkeypatch.setattr(database, "commit", lambda: stuck.wait(10))
    store.put(answered(1, 2))
    start = time.monotonic()
    store.stop()
    assert time.monotonic() - start < 5
    assert lost == [2]
    stuck.set()


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


def test_a_shadow_that_fails_takes_neither_answers_nor_other_shadows_along(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.told.clear()
    store.put(answered(1, 2, shadows=(served(6, ValueError("never")), served(7))))
    store.flush()
    assert (database.numbers, lost) == ([0, 1, 2], [])
    assert [told.deployments.tolist() for told in database.told] == [[1, 1], [7, 7]]


def test_what_a_shadow_cannot_say_as_a_number_is_not_stored(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.told.clear()
    store.put(answered(1, 2, shadows=(served(6, np.nan), served(7, np.inf))))
    store.flush()
    assert (database.numbers, lost) == ([0, 1, 2], [])
    assert [told.deployments.tolist() for told in database.told] == [[1, 1], [], []]


def test_rows_of_a_use_case_that_was_removed_hold_up_no_others(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    gone = WINE.model_copy(update={"name": "gone"})
    database.removed = {"gone"}
    store.put(answered(1, 3, use_case=gone))
    store.put(answered(10))
    store.flush()
    assert (database.numbers, lost, store.backlog) == ([0, 10], [3], 0)


def test_rows_wait_for_the_tables_of_a_use_case_that_is_registered(
    store: LiveStore, database: Database, lost: list[int]
) -> None:
    database.removed = {WINE.name}
    store.put(answered(1))
    with pytest.raises(TableMissingError):
        store.flush()
    assert (store.backlog, lost) == (1, [])
