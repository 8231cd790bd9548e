"""MLflow's database, read by SQL, tells what MLflow's own client tells; what is done when it cannot be."""

import logging
from collections.abc import Callable, Iterator
from math import inf, nan
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, RunTag
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from db.database import reading_engine
from db.embedded import EmbeddedPostgres
from fleet.errors import OutOfTimeError, UnavailableError
from fleet.paging import InvalidPageTokenError, Page, PageRequest, make_token
from tests.mlflow_server import MlflowServer
from tracking.config.settings import TrackingSettings
from tracking.persistence.model.experiment import Experiment, Run, Wanted
from tracking.persistence.repository.database_lists import DatabaseLists, UnreadableError
from tracking.persistence.repository.list_source import ListSource
from tracking.persistence.repository.mlflow_lists import MlflowLists

Lists = DatabaseLists | MlflowLists
WANTED = Wanted(["model_type", "use_case"], ["model_accuracy", "model_mae", "other"])
ACCURACIES = (0.9, 0.7, 0.9, nan, inf, 0.95, None)


@pytest.fixture(scope="module")
def engine(mlflow_server: MlflowServer) -> Iterator[Engine]:
    """Reads MLflow's database."""
    engine = reading_engine(mlflow_server.backend, TrackingSettings())
    yield engine
    engine.dispose()


@pytest.fixture
def by_database(engine: Engine) -> DatabaseLists:
    return DatabaseLists(engine)


@pytest.fixture
def by_mlflow(mlflow_client: MlflowClient) -> MlflowLists:
    """Pages of two, so that lists have some."""
    return MlflowLists(mlflow_client, page_size=2)


@pytest.fixture
def experiment(mlflow_client: MlflowClient, name: str) -> str:
    """Runs of every kind: still going, failed, deleted, of the same moment, with values of every kind."""
    experiment_id: str = mlflow_client.create_experiment(name, tags={"owner": "Änne", "none": ""})
    statuses = ("FINISHED", "FINISHED", "FINISHED", "FINISHED", "FINISHED", "FAILED", "FINISHED")
    for number, (accuracy, status) in enumerate(zip(ACCURACIES, statuses, strict=True)):
        run = mlflow_client.create_run(
            experiment_id, start_time=1000 * (number // 2 + 1), run_name=f"run {number}"
        )
        values = {"model_accuracy": accuracy, "model_mae": float(number), "unasked": 1.0}
        mlflow_client.log_batch(
            run.info.run_id,
            metrics=[Metric(key, value, 5, 0) for key, value in values.items() if value is not None],
            tags=[RunTag("model_type", "SVC"), RunTag("use_case", name), RunTag("unasked", "x")],
        )
        mlflow_client.log_metric(run.info.run_id, "model_mae", number / 3, timestamp=9, step=1)
        mlflow_client.set_terminated(run.info.run_id, status, end_time=10_000 + number)
    mlflow_client.create_run(experiment_id, start_time=500)
    deleted = mlflow_client.create_run(experiment_id, start_time=600)
    mlflow_client.delete_run(deleted.info.run_id)
    return experiment_id


@pytest.fixture
def without_runs(mlflow_client: MlflowClient, name: str) -> str:
    empty: str = mlflow_client.create_experiment(f"{name}, empty")
    gone = mlflow_client.create_experiment(f"{name}, gone")
    mlflow_client.delete_experiment(gone)
    return empty


def answering() -> None:
    """In the place of MLflow's ping."""


def comparable(run: Run) -> Run:
    """NaN, which equals nothing, as a text."""
    return Run(**{**vars(run), "metrics": {name: repr(value) for name, value in run.metrics.items()}})


def walk(page: Callable[[PageRequest], Page[Any]], limit: int) -> list[list[Any]]:
    pages = [page(PageRequest(limit))]
    while pages[-1].next_token is not None:
        pages.append(page(PageRequest(limit, pages[-1].next_token)))
    return [each.items for each in pages]


def test_the_experiments_are_those_of_mlflow(
    by_database: DatabaseLists, by_mlflow: MlflowLists, experiment: str, without_runs: str
) -> None:
    found = by_database.experiments()
    assert found == by_mlflow.experiments()
    assert {experiment, without_runs} <= {each.experiment_id for each in found}
    ids = [each.experiment_id for each in found]
    assert by_database.run_counts(ids) == by_mlflow.run_counts(ids)
    assert by_database.run_counts([experiment, without_runs]) == {experiment: 8}


@pytest.mark.parametrize("wanted", [Wanted(), WANTED])
def test_the_runs_are_those_of_mlflow(
    by_database: DatabaseLists, by_mlflow: MlflowLists, experiment: str, wanted: Wanted
) -> None:
    found = [comparable(run) for run in by_database.runs(experiment, wanted)]
    assert found == [comparable(run) for run in by_mlflow.runs(experiment, wanted)]
    assert len(found) == 8


def test_the_pages_are_those_of_mlflow(
    by_database: DatabaseLists, by_mlflow: MlflowLists, experiment: str, without_runs: str
) -> None:
    def runs(lists: Lists) -> list[list[Run]]:
        return walk(lambda asked: lists.run_page(experiment, asked, Wanted()), 3)

    def experiments(lists: Lists) -> list[list[Experiment]]:
        return walk(lists.experiment_page, 2)

    assert runs(by_database) == runs(by_mlflow)
    assert [len(page) for page in runs(by_database)] == [3, 3, 2]
    assert experiments(by_database) == experiments(by_mlflow)


@pytest.mark.parametrize("metric", ["model_accuracy", "model_mae"])
@pytest.mark.usefixtures("experiment")
def test_the_best_runs_are_those_of_mlflow(
    by_database: DatabaseLists, by_mlflow: MlflowLists, name: str, metric: str
) -> None:
    for limit in (1, 3, 100):
        found = [comparable(run) for run in by_database.best_runs(name, metric, limit, WANTED)]
        assert found == [comparable(run) for run in by_mlflow.best_runs(name, metric, limit, WANTED)]


@pytest.mark.usefixtures("experiment")
def test_the_best_runs_are_finished_and_have_a_number(by_database: DatabaseLists, name: str) -> None:
    best = by_database.best_runs(name, "model_accuracy", 10, WANTED)
    assert [run.metrics["model_accuracy"] for run in best] == [0.9, 0.9, 0.7]
    assert [run.name for run in best] == ["run 0", "run 2", "run 1"]


@pytest.mark.parametrize("token", ["x", make_token(["runs of 7", 5, "a"]), make_token(["experiments", 5, 7])])
def test_a_token_of_another_list_is_refused(by_database: DatabaseLists, experiment: str, token: str) -> None:
    with pytest.raises(InvalidPageTokenError):
        by_database.run_page(experiment, PageRequest(3, token), Wanted())


def test_nothing_can_be_written(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(DBAPIError, match="read-only transaction"):
        connection.execute(text("DELETE FROM runs"))


def test_mlflow_is_asked_as_long_as_its_database_is_of_another_version(
    by_mlflow: MlflowLists,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lists = DatabaseLists(reading_engine(database_url, TrackingSettings()))
    monkeypatch.setattr("tracking.persistence.repository.list_source.CHECKED_FOR_S", 0)
    source = ListSource(lists, by_mlflow, answering)
    with caplog.at_level(logging.WARNING):
        assert source() is by_mlflow
        assert source() is by_mlflow
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "Lists of runs come from MLflow, which is slow"
    ]


def test_a_database_that_is_away_or_has_not_its_tables_cannot_be_read(postgres: EmbeddedPostgres) -> None:
    for url in (postgres.url(), postgres.url("nowhere"), "postgresql+psycopg2://nobody@127.0.0.1:1/mlflow"):
        with pytest.raises(UnreadableError):
            DatabaseLists(reading_engine(url, TrackingSettings())).check()


def test_a_database_that_goes_away_after_it_was_looked_at_is_503() -> None:
    """Not a bug of ours: tracking learns of it by a list that it reads."""
    gone = "postgresql+psycopg2://nobody@127.0.0.1:1/mlflow"
    lists = DatabaseLists(reading_engine(gone, TrackingSettings()))
    for ask in (lists.experiments, lambda: lists.runs("1", WANTED), lambda: lists.run_counts(["1"])):
        with pytest.raises(UnavailableError, match="MLflow's database cannot be reached"):
            ask()


def test_a_list_that_takes_too_long_is_given_up(mlflow_server: MlflowServer) -> None:
    lists = DatabaseLists(reading_engine(mlflow_server.backend, TrackingSettings(request_timeout_s=0.1)))
    locking = create_engine(mlflow_server.backend)
    with locking.begin() as connection:
        connection.execute(text("LOCK TABLE tags"))
        with pytest.raises(OutOfTimeError):
            lists.best_runs("wine", "model_accuracy", 100, WANTED)
    locking.dispose()


def test_the_database_is_asked_where_it_can_be_read(
    by_database: DatabaseLists, by_mlflow: MlflowLists
) -> None:
    assert ListSource(by_database, by_mlflow, answering)() is by_database
    assert ListSource(None, by_mlflow, answering)() is by_mlflow
