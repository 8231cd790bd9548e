"""MLflow away, back again, and failing half-way through a recording."""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from tests.callers import ALICE
from tests.integration.tracking.conftest import EXPERIMENTS, RUNS, Optimise
from tests.mlflow_server import MlflowServer
from tests.searches import searches_in
from tracking.persistence.model.search import NewExperiment, SearchRequest, TrainingSet
from tracking.persistence.repository import undo
from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError
from tracking.persistence.repository.search_log import ExperimentDeletedError, SearchLog

Names = Callable[[], Mapping[str, str]]
MODELS = ["LogisticRegression", "SVC"]
REQUEST = SearchRequest(MODELS, {name: {} for name in MODELS}, "accuracy", 2, "standard_scaler")
ROWS = TrainingSet("wine", ("x", "y"), np.arange(24.0).reshape(12, 2), np.repeat([0, 1, 2], 4))


def record(log: SearchLog, name: str) -> None:
    """Record two small searches."""
    with tempfile.TemporaryDirectory() as folder:
        searches = searches_in(Path(folder), REQUEST, ROWS)
        log.record(NewExperiment(name), REQUEST, searches, ROWS, ALICE)


def alone(recording: str) -> AbstractContextManager[Callable[[], None]]:
    """No other process is there to hold a recording against."""
    del recording
    return nullcontext(lambda: None)


def failing(client: MlflowClient, monkeypatch: pytest.MonkeyPatch, method: str, *, calls: range) -> None:
    """Let these calls (numbered from 1) of the client's method fail as if MLflow were away."""
    real = getattr(client, method)
    count = 0

    def fail(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count in calls:
            raise MlflowException("the connection was refused")
        return real(*args, **kwargs)

    monkeypatch.setattr(client, method, fail)


def test_mlflow_away_is_503_within_seconds_and_all_is_well_when_it_is_back(
    client: FlaskClient, optimise: Optimise, mlflow_server: MlflowServer, name: str
) -> None:
    mlflow_server.stop()
    try:
        start = time.monotonic()
        answers = [
            client.get(EXPERIMENTS),
            client.get(RUNS, query_string={"experiment_id": "1"}),
            client.delete(RUNS, query_string={"experiment_id": "1", "run_id": "0" * 32}),
            optimise(),
            client.get("/health/ready"),
        ]
        assert time.monotonic() - start < 10
        assert [answer.status_code for answer in answers] == [503] * 5
        assert answers[0].get_json()["error"] == "MLflow cannot be reached"
        assert client.get("/health/live").status_code == 200
    finally:
        mlflow_server.start()
    assert client.get("/health/ready").status_code == 200
    assert optimise().status_code == 201


@pytest.mark.parametrize(
    "method",
    ["log_batch", "create_logged_model", "log_model_artifacts", "create_model_version", "set_terminated"],
)
def test_a_recording_that_fails_half_way_is_taken_back_and_its_name_is_free(
    method: str, mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, names: Names
) -> None:
    versions = len(mlflow_client.search_model_versions())
    failing(mlflow_client, monkeypatch, method, calls=range(2, 3))
    log = SearchLog(mlflow_client, alone)
    with pytest.raises(MlflowUnavailableError):
        record(log, name)
    assert name not in names()
    (experiment_id,) = (number for other, number in names().items() if other.startswith(name))
    assert mlflow_client.get_experiment(experiment_id).lifecycle_stage == "deleted"
    assert not mlflow_client.search_runs([experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
    assert len(mlflow_client.search_model_versions()) == versions
    record(log, name)
    assert len(mlflow_client.search_runs([names()[name]])) == 2


def test_a_failed_recording_leaves_a_long_name_free_too(
    mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, names: Names
) -> None:
    name = name.ljust(250, "x")
    failing(mlflow_client, monkeypatch, "create_run", calls=range(1, 3))
    with pytest.raises(MlflowUnavailableError):
        record(SearchLog(mlflow_client, alone), name)
    assert name not in names()
    (experiment_id,) = (number for other, number in names().items() if other.startswith(name[:200]))
    assert mlflow_client.get_experiment(experiment_id).lifecycle_stage == "deleted"


def test_a_failed_recording_leaves_the_runs_that_were_there(
    mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, names: Names
) -> None:
    log = SearchLog(mlflow_client, alone)
    record(log, name)
    failing(mlflow_client, monkeypatch, "log_batch", calls=range(1, 2))
    with pytest.raises(MlflowUnavailableError):
        record(log, name)
    assert len(mlflow_client.search_runs([names()[name]])) == 2


def test_what_cannot_be_taken_back_at_once_is_taken_back_when_mlflow_returns(
    mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, names: Names
) -> None:
    monkeypatch.setattr(undo, "RETRY_EVERY_S", 0.05)
    failing(mlflow_client, monkeypatch, "set_terminated", calls=range(1, 2))
    failing(mlflow_client, monkeypatch, "delete_run", calls=range(1, 3))
    with pytest.raises(MlflowUnavailableError):
        record(SearchLog(mlflow_client, alone), name)
    deadline = time.monotonic() + 10
    while name in names() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert name not in names()


def test_an_experiment_deleted_while_its_runs_are_recorded_is_a_conflict(
    mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, names: Names
) -> None:
    log = SearchLog(mlflow_client, alone)
    record(log, name)
    real = mlflow_client.create_run

    def delete_first(experiment_id: str, **kwargs: Any) -> Any:
        mlflow_client.delete_experiment(experiment_id)
        return real(experiment_id, **kwargs)

    monkeypatch.setattr(mlflow_client, "create_run", delete_first)
    with pytest.raises(ExperimentDeletedError):
        record(log, name)
