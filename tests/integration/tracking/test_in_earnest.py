"""Tracking as a process of its own: searches that never end, and recordings that are cut off."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from mlflow import MlflowClient

from tests.integration.tracking.conftest import EXPERIMENTS, MANAGEMENT
from tests.mlflow_server import MlflowServer
from tests.running import RunningService, running_service

Start = Callable[..., Any]
ENDLESS: dict[str, Any] = {  # hours of work
    "models": ["RandomForest"],
    "hyperparameters": {"RandomForest": {"n_estimators": [10_000] * 50}},
    "cv": 29,
}
PATIENCE_S = 14


@pytest.fixture
def start(database_url: str, training: int, mlflow_server: MlflowServer, tmp_path: Path) -> Start:
    """Starts tracking on the test's database, with wine's training set loaded."""
    assert training

    def run(**settings: str) -> Any:
        given: dict[str, Any] = {"mlflow_url": mlflow_server.url, "mlflow_timeout_s": "20", **settings}
        return running_service("tracking", tmp_path, database_url=database_url, **given)

    return run


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def wait_until_ready(service: RunningService) -> None:
    wait_until(lambda: requests.get(f"{service.address}/health/ready", timeout=10).ok, 120)


def searchers(service: RunningService) -> set[int]:
    return {child.pid for child in service.workers() if "spawn_main" in " ".join(child.cmdline())}


@pytest.fixture
def hurried(start: Start) -> Iterator[RunningService]:
    """Tracking with one turn for heavy work, and little time for a request."""
    with start(heavy_at_once="1", request_timeout_s=str(PATIENCE_S)) as service:
        wait_until_ready(service)
        yield service


def test_a_search_that_never_ends_is_ended_with_its_time_or_its_client_and_the_turn_is_free(
    hurried: RunningService, small: dict[str, Any], name: str, mlflow_client: MlflowClient
) -> None:
    address = hurried.address + MANAGEMENT
    body = {**small, **ENDLESS, "experiment_name": name}
    (first,) = searchers(hurried)
    with pytest.raises(requests.Timeout):
        requests.post(address, json=body, timeout=2)
    wait_until(lambda: not psutil.pid_exists(first), 8)  # much sooner than its time is up

    started = time.monotonic()
    late = requests.post(address, json=body, timeout=60)
    assert PATIENCE_S - 3 < time.monotonic() - started < PATIENCE_S + 3
    assert late.status_code == 504, late.text
    assert "Nothing was recorded" in late.json()["message"]
    wait_until(lambda: not searchers(hurried), 5)
    assert mlflow_client.get_experiment_by_name(name) is None

    assert requests.get(f"{hurried.address}/health/ready", timeout=10).status_code == 200
    done = requests.post(address, json={**small, "experiment_name": name}, timeout=60)
    assert done.status_code == 201, done.text


def runs_of(client: MlflowClient, name: str) -> list[Any]:
    experiment = client.get_experiment_by_name(name)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def test_what_is_cut_off_by_a_kill_is_settled_by_the_next_start(
    start: Start, small: dict[str, Any], name: str, mlflow_client: MlflowClient
) -> None:
    models = ["LogisticRegression", "SVC", "RandomForest"]
    body = {**small, "models": models, "hyperparameters": {model: {} for model in models}}

    def ask(service: RunningService) -> None:
        with pytest.raises(requests.ConnectionError):
            requests.post(service.address + MANAGEMENT, json={**body, "experiment_name": name}, timeout=60)

    with start() as service:
        wait_until_ready(service)
        asking = threading.Thread(target=ask, args=(service,))
        asking.start()
        wait_until(lambda: bool(runs_of(mlflow_client, name)))
        service.kill()
        asking.join()
    assert "RUNNING" in {run.info.status for run in runs_of(mlflow_client, name)}
    with start() as service:
        wait_until(lambda: "RUNNING" not in {run.info.status for run in runs_of(mlflow_client, name)})
        check_whole_or_failed(mlflow_client, name)
        runs = runs_of(mlflow_client, name)
        asked = {
            "experiment_id": runs[0].info.experiment_id,
            "request_information": "best_model",
            "filter": ["model_accuracy"],
        }
        best = requests.post(service.address + EXPERIMENTS, json=asked, timeout=60)
        is_finished = "FINISHED" in {run.info.status for run in runs}
        assert best.status_code == (200 if is_finished else 404)


def check_whole_or_failed(client: MlflowClient, name: str) -> None:
    """A finished run has a model and a version, a failed one has neither."""
    for run in runs_of(client, name):
        (experiment_id, run_id) = run.info.experiment_id, run.info.run_id
        models = client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'")
        named = f"name = '{run.data.tags['model_type']}' and run_id = '{run_id}'"
        have = len(models), len(client.search_model_versions(named))
        assert (run.info.status, have) in [("FINISHED", (1, 1)), ("FAILED", (0, 0))]


def test_mlflow_killed_in_the_middle_leaves_no_run_running_once_it_is_back(
    start: Start, small: dict[str, Any], name: str, mlflow_server: MlflowServer, mlflow_client: MlflowClient
) -> None:
    answers: list[requests.Response] = []
    body = {**small, "experiment_name": name}

    def ask(service: RunningService) -> None:
        answers.append(requests.post(service.address + MANAGEMENT, json=body, timeout=60))

    with start(mlflow_timeout_s="2") as service:
        wait_until_ready(service)
        asking = threading.Thread(target=ask, args=(service,))
        asking.start()
        wait_until(lambda: bool(runs_of(mlflow_client, name)))
        mlflow_server.kill()
        try:
            asking.join()
        finally:
            mlflow_server.start()
        (answer,) = answers
        assert answer.status_code in (201, 503), answer.text  # 201: it was recorded just before
        wait_until(lambda: "RUNNING" not in {run.info.status for run in runs_of(mlflow_client, name)}, 30)
    check_whole_or_failed(mlflow_client, name)
