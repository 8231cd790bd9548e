"""Tracking and its worker as processes of their own, of which any may be killed at any moment."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from mlflow import MlflowClient

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from tests.conftest import free_port, fresh_database
from tests.integration.tracking.conftest import MANAGEMENT, load_wine_training
from tests.mlflow_server import MlflowServer
from tests.running import Kept, RunningService, running_service, running_worker

ASYNCHRONOUS = {"Prefer": "respond-async"}
ENDLESS: dict[str, Any] = {  # hours of work
    "models": ["RandomForest"],
    "hyperparameters": {"RandomForest": {"n_estimators": [10_000] * 50}},
    "cv": 29,
}
LONG: dict[str, Any] = {  # some seconds
    "models": ["LogisticRegression", "RandomForest"],
    "hyperparameters": {
        "LogisticRegression": {"C": [0.1, 1]},
        "RandomForest": {"n_estimators": [50, 100], "max_depth": [None, 2, 3, 4]},
    },
    "cv": 10,
}
JOBS = "/root/tracking/jobs"


@pytest.fixture(scope="module")
def given(postgres: EmbeddedPostgres, template: str, mlflow_server: MlflowServer) -> Iterator[dict[str, Any]]:
    """Settings for the module's database, with wine's training set loaded."""
    with fresh_database(postgres, template) as url:
        load_wine_training(url)
        yield {"database_url": url, "mlflow_url": mlflow_server.url, "mlflow_timeout_s": "5"}


@pytest.fixture(scope="module")
def services(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("services")
    kept = Kept(partial(running_service, "tracking", folder, **given, request_timeout_s="5"))
    yield kept
    kept.exactly(0)


@pytest.fixture(scope="module")
def workers(given: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    kept = Kept(partial(running_worker, "tracking", tmp_path_factory.mktemp("workers"), **given))
    yield kept
    kept.exactly(0)


@pytest.fixture
def service(services: Kept) -> RunningService:
    (running,) = services.exactly(1)
    running.wait_until_ready()
    return running


@pytest.fixture
def worker(workers: Kept) -> RunningService:
    (running,) = idle(workers, 1)
    return running


def idle(workers: Kept, count: int) -> list[RunningService]:
    """So many; what the test before has left for them to draw, once its job had been answered, is drawn."""
    running = workers.exactly(count)
    wait_until(lambda: not any(map(searching, running)))
    return running


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def submit(service: RunningService, body: dict[str, Any]) -> str:
    answer = requests.post(service.address + MANAGEMENT, json=body, headers=ASYNCHRONOUS, timeout=30)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"{JOBS}/{answer.json()['id']}"
    return str(answer.json()["id"])


def job(service: RunningService, job_id: str) -> dict[str, Any]:
    found: dict[str, Any] = requests.get(f"{service.address}{JOBS}/{job_id}", timeout=30).json()
    return found


def is_at(service: RunningService, job_id: str, *states: str) -> Callable[[], bool]:
    return lambda: job(service, job_id)["status"] in states


def searching(worker: RunningService) -> list[psutil.Process]:
    """What does a job, not what it is forked from."""
    (forkserver,) = [each for each in worker.workers() if "forkserver" in command_of(each)][:1]
    return forkserver.children(recursive=True)


def command_of(process: psutil.Process) -> str:
    """Nothing of one that has just ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline())
    return ""


def runs_of(client: MlflowClient, name: str) -> list[Any]:
    experiment = client.get_experiment_by_name(name)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def versions_of(client: MlflowClient, run: Any) -> list[Any]:
    """Of the model of the catalogue; the best one's run is a version of its use case, too."""
    named = f"name = '{run.data.tags['model_type']}' and run_id = '{run.info.run_id}'"
    return list(client.search_model_versions(named))


def test_a_job_waits_for_a_worker_and_can_be_cancelled_before_one_comes(
    service: RunningService, workers: Kept, small: dict[str, Any], name: str
) -> None:
    workers.exactly(0)
    kept, dropped = (submit(service, {**small, "experiment_name": name}) for _ in range(2))
    assert requests.delete(f"{service.address}{JOBS}/{dropped}", timeout=30).json()["status"] == "cancelled"
    workers.exactly(1)
    wait_until(is_at(service, kept, "succeeded"))
    assert job(service, kept)["result"]["data"]["run_ids"].keys() == {"LogisticRegression"}
    assert job(service, dropped)["attempts"] == 0


def test_a_search_outlives_its_request_and_is_cancelled_within_seconds(
    service: RunningService, worker: RunningService, small: dict[str, Any], name: str
) -> None:
    body = {**small, **ENDLESS, "experiment_name": name}
    with pytest.raises(requests.Timeout):
        requests.post(service.address + MANAGEMENT, json=body, timeout=2)
    late = requests.post(service.address + MANAGEMENT, json=body, timeout=60)
    assert late.status_code == 504
    assert late.json()["code"] == "job_goes_on"

    listed = requests.get(f"{service.address}{JOBS}?state=running", timeout=30).json()["data"]
    assert len(listed) == 2, "one of each request"
    for each in listed:
        assert requests.delete(f"{service.address}{JOBS}/{each['id']}", timeout=30).status_code == 200
    wait_until(lambda: all(is_at(service, each["id"], "cancelled")() for each in listed), 5)
    assert not searching(worker)
    again = requests.delete(f"{service.address}{JOBS}/{listed[0]['id']}", timeout=30)
    assert (again.status_code, again.json()["code"]) == (409, "job_ended")

    done = requests.post(service.address + MANAGEMENT, json={**small, "experiment_name": name}, timeout=60)
    assert done.status_code == 201, done.text


@pytest.mark.usefixtures("worker")
def test_a_search_that_is_refused_tells_the_job_what_a_request_is_told(
    service: RunningService, small: dict[str, Any], name: str
) -> None:
    body = {**small, "cv": 106, "experiment_name": name}
    asked = requests.post(service.address + MANAGEMENT, json=body, timeout=60)
    assert asked.status_code == 400
    job_id = submit(service, body)
    wait_until(is_at(service, job_id, "failed"))
    error = job(service, job_id)["error"]
    assert error["status"] == 400
    assert {field: error[field] for field in ("code", "error", "message")} == {
        field: asked.json()[field] for field in ("code", "error", "message")
    }


@pytest.mark.parametrize("victim", ["worker", "child", "service"])
def test_a_killed_search_is_taken_up_and_ends_as_one_that_was_not(  # noqa: PLR0917
    service: RunningService,
    workers: Kept,
    small: dict[str, Any],
    name: str,
    mlflow_client: MlflowClient,
    victim: str,
) -> None:
    (worker,) = idle(workers, 1)
    job_id = submit(service, {**small, **LONG, "experiment_name": name})
    wait_until(lambda: bool(searching(worker)))
    time.sleep(1)
    if victim == "worker":
        worker.kill()
    elif victim == "child":
        searching(worker)[0].kill()
    else:
        service.kill()
    if victim != "service":
        workers.exactly(1)
        wait_until(is_at(service, job_id, "succeeded"))
        assert job(service, job_id)["attempts"] == 2
    else:
        wait_until(lambda: {run.info.status for run in runs_of(mlflow_client, name)} == {"FINISHED"})
    runs = runs_of(mlflow_client, name)
    assert sorted(run.data.tags["model_type"] for run in runs) == ["LogisticRegression", "RandomForest"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    for run in runs:
        assert len(versions_of(mlflow_client, run)) == 1


@pytest.mark.usefixtures("worker")
def test_mlflow_killed_in_the_middle_is_waited_for(
    service: RunningService,
    small: dict[str, Any],
    name: str,
    mlflow_server: MlflowServer,
    mlflow_client: MlflowClient,
) -> None:
    job_id = submit(service, {**small, "experiment_name": name})
    wait_until(lambda: bool(runs_of(mlflow_client, name)))
    mlflow_server.kill()
    time.sleep(1)
    mlflow_server.start()
    wait_until(is_at(service, job_id, "succeeded"))
    (run,) = runs_of(mlflow_client, name)
    assert run.info.status == "FINISHED"
    assert len(versions_of(mlflow_client, run)) == 1


def test_a_job_that_is_killed_ten_times_at_random_is_never_stranded(
    service: RunningService, workers: Kept, small: dict[str, Any], name: str
) -> None:
    chance = random.Random(42)
    both = idle(workers, 2)
    job_id = submit(service, {**small, **LONG, "experiment_name": name})
    stop = threading.Event()

    def kill_now_and_then() -> None:
        killed = 0
        while killed < 10 and not stop.wait(chance.uniform(0.2, 0.8)):
            found = [each for worker in both for each in searching(worker)]
            if found:
                chance.choice(found).kill()
                killed += 1

    killing = threading.Thread(target=kill_now_and_then)
    killing.start()
    try:
        wait_until(is_at(service, job_id, "succeeded", "failed"), 120)
    finally:
        stop.set()
        killing.join()
    ended = job(service, job_id)
    assert ended["status"] == "succeeded", ended


def test_eight_at_once_by_two_workers_all_end_in_one_experiment(
    service: RunningService, workers: Kept, small: dict[str, Any], name: str, mlflow_client: MlflowClient
) -> None:
    idle(workers, 2)
    jobs = [submit(service, {**small, "experiment_name": name}) for _ in range(8)]
    for job_id in jobs:
        wait_until(is_at(service, job_id, "succeeded"))
    assert len({job(service, job_id)["result"]["data"]["experiment_id"] for job_id in jobs}) == 1
    runs = runs_of(mlflow_client, name)
    assert [run.info.status for run in runs] == ["FINISHED"] * 8
    assert len({run.data.tags["job_id"] for run in runs}) == 8


def test_postgresql_is_restarted_in_the_middle_of_a_search(
    small: dict[str, Any], name: str, mlflow_server: MlflowServer, mlflow_client: MlflowClient, tmp_path: Path
) -> None:
    postgres = EmbeddedPostgres(tmp_path / "postgres", free_port())
    postgres.start()
    try:
        url = ensure_database(postgres.url(), "dataset")
        migrate(url)
        load_wine_training(url)
        given: dict[str, Any] = {"database_url": url, "mlflow_url": mlflow_server.url}
        with (
            running_service("tracking", tmp_path, **given) as service,
            running_worker("tracking", tmp_path, **given) as worker,
        ):
            service.wait_until_ready()
            job_id = submit(service, {**small, **LONG, "experiment_name": name})
            wait_until(lambda: bool(searching(worker)))
            time.sleep(1)
            postgres.stop()
            postgres.start()
            wait_until(is_at(service, job_id, "succeeded", "failed"))
            assert job(service, job_id)["status"] == "succeeded"
    finally:
        postgres.stop()
    assert [run.info.status for run in runs_of(mlflow_client, name)] == ["FINISHED"] * 2
