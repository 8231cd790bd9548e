"""MLflow away, back again, and failing half-way through a recording."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.callers import ALICE
from tests.integration.tracking.conftest import EXPERIMENTS, RUNS, Optimise
from tests.integration.tracking.searched import REQUEST, ROWS, no_pictures, searches
from tests.mlflow_server import MlflowServer
from tracking.persistence.model.search import NewExperiment
from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError
from tracking.persistence.repository.recording import Recorder
from tracking.persistence.repository.search_log import SearchLog


def alone(recording: str) -> AbstractContextManager[Callable[[], None]]:
    """No other process is there to hold a recording against."""
    del recording
    return nullcontext(lambda: None)


def not_needed() -> None:
    """In the place of what settles runs that could not be ended."""
    pytest.fail("MLflow is there")


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


@pytest.mark.parametrize("method", ["log_model_artifacts", "create_model_version", "log_dict"])
def test_of_a_recording_that_fails_half_way_runs_are_failed_or_whole(
    method: str, mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str, tmp_path: Path
) -> None:
    recorder = Recorder(lambda: SearchLog(mlflow_client, no_pictures), alone, not_needed)
    count = 0

    def fail(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count == 2:
            raise MlflowException("the connection was refused")
        return real(*args, **kwargs)

    real = getattr(mlflow_client, method)
    with monkeypatch.context() as patched:
        patched.setattr(mlflow_client, method, fail)
        with pytest.raises(MlflowUnavailableError):
            recorder.record(NewExperiment(name), REQUEST, searches(tmp_path / "first"), ROWS, ALICE)
    experiment_id = mlflow_client.get_experiment_by_name(name).experiment_id
    states = {run.info.run_id: run.info.status for run in mlflow_client.search_runs([experiment_id])}
    assert sorted(states.values()) == ["FAILED", "FINISHED"]
    models = mlflow_client.search_logged_models([experiment_id])
    assert [states[model.source_run_id] for model in models] == ["FINISHED"]
    versions = [mlflow_client.search_model_versions(f"run_id = '{run_id}'") for run_id in states]
    assert sum(map(len, versions)) == 1
    recorder.record(NewExperiment(name), REQUEST, searches(tmp_path / "second"), ROWS, ALICE)
    assert len(mlflow_client.search_runs([experiment_id], "attributes.status = 'FINISHED'")) == 3
