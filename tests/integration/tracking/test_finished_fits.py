"""Fits that outlive the process that made them."""

import math
import multiprocessing
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import sessionmaker

from db.embedded import EmbeddedPostgres
from fleet.errors import AwayError
from tests.conftest import Sessions
from tests.searches import CANDIDATES, FOLDS, forest_search
from tracking.persistence.model.search import FitKey, FitResult, Method, TrainingSet
from tracking.persistence.repository.finished_fits import FinishedFitsTable
from tracking.persistence.repository.studies import Studies

ALL = CANDIDATES * FOLDS


def test_what_is_kept_is_read_again_and_stays_what_it_was(sessions: Sessions) -> None:
    table, other = FinishedFitsTable("a", sessions), FinishedFitsTable("b", sessions)
    key, failed = FitKey("SVC", 0, 1), FitKey("SVC", 3, 0)
    table.add([(key, FitResult(0.5, 1.0, 0.9)), (failed, FitResult(math.nan, 2.0, 1.5, "fit", "it died"))])
    table.add([(key, FitResult(0.7, 3.0, 2.0))])
    other.add([(key, FitResult(0.1, 1.0, 1.0))])
    read = table.read()
    assert read[key] == FitResult(0.5, 1.0, 0.9)
    assert math.isnan(read[failed].score)
    assert (read[failed].failed_part, read[failed].reason) == ("fit", "it died")
    table.forget()
    assert table.read() == {}
    assert len(other.read()) == 1


def test_many_are_kept_at_once(sessions: Sessions) -> None:
    table = FinishedFitsTable("a", sessions)
    table.add([(FitKey("SVC", number, 0), FitResult(0.5, 1.0, 1.0)) for number in range(2500)])
    assert len(table.read()) == 2500


def search_in_a_job(database_url: str, training: TrainingSet, method: Method) -> None:
    """What the process that is killed does, on a connection of its own."""
    table = FinishedFitsTable("killed", sessionmaker(create_engine(database_url)))
    forest_search(training, method, fits=table, studies=Studies("killed", database_url))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_a_search_that_is_killed_is_taken_up_without_making_a_fit_twice(
    method: Method, wine: TrainingSet, database_url: str, sessions: Sessions
) -> None:
    undisturbed = forest_search(wine, method)
    table = FinishedFitsTable("killed", sessions)
    job = multiprocessing.get_context("fork").Process(
        target=search_in_a_job, args=(database_url, wine, method)
    )
    job.start()
    wait_until(lambda: len(table.read()) >= ALL // 3)
    family = psutil.Process(job.pid).children(recursive=True)
    job.kill()
    job.join()
    psutil.wait_procs(family, timeout=5)
    before, made = table.read(), times(sessions)
    assert ALL // 3 <= len(before) < ALL
    studies = Studies("killed", database_url)
    assert forest_search(wine, method, fits=table, studies=studies) == undisturbed
    after = table.read()
    assert len(after) == ALL
    assert {key: after[key] for key in before} == before
    assert times(sessions).items() >= made.items()


def times(sessions: Sessions) -> dict[tuple[int, int], Any]:
    """When the row of each fit was written."""
    with sessions() as session:
        rows = session.execute(
            text("SELECT candidate, fold, finished_at FROM search_fits WHERE search = 'killed'")
        )
        return {(candidate, fold): at for candidate, fold, at in rows}


def test_what_optuna_keeps_is_in_a_schema_of_its_own_and_can_be_forgotten(
    database_url: str, sessions: Sessions
) -> None:
    mine, other = Studies("a", database_url), Studies("b", database_url)
    mine.forget()  # there is nothing yet
    space: dict[str, list[Any]] = {"C": [1, 2, 3], "class_weight": [None, {"0": 2.0}]}
    thought = mine.study("SVC").trials(0, 3, space)
    assert mine.study("SVC").trials(0, 3, space) == thought
    other.study("SVC").tell(other.study("SVC").trials(0, 1, space)[0].number, math.nan)
    mine.forget()
    with sessions() as session:
        names = session.scalars(text("SELECT study_name FROM _optuna.studies")).all()
        assert session.scalar(text("SELECT to_regclass('public.studies')")) is None
    assert names == ["b/SVC"]


def test_a_study_whose_database_is_away_is_waited_for(database_url: str, postgres: EmbeddedPostgres) -> None:
    studies = Studies("a", database_url)
    study = studies.study("SVC")
    space: dict[str, list[Any]] = {"C": [1, 2, 3]}
    (thought,) = study.trials(0, 1, space)
    name = make_url(database_url).database
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
    engine.dispose()
    asked: list[Callable[[], object]] = [
        lambda: study.trials(1, 1, space),
        lambda: study.tell(thought.number, 0.5),
        lambda: studies.study("SVC"),
        studies.forget,
    ]
    for ask in asked:
        with pytest.raises(AwayError):
            ask()
