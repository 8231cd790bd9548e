"""Jobs whose process is killed at any moment, and taken up again."""

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest
from mlflow import MlflowClient

from db.embedded import EmbeddedPostgres, ensure_database
from fire_brigade.persistence.repository.mlflow_log import REGISTERED_NAME
from fire_brigade.service.generate_records import generate_records
from fleet.mlflow_client import connect
from tests.fire_brigade_features import write_features
from tests.integration.fire_brigade.conftest import FireBrigade, settings_of
from tests.integration.fire_brigade.publisher import Publisher, publishing
from tests.mlflow_server import MlflowServer
from tests.prometheus_text import value
from tests.running import RunningService, running_service, running_worker

Start = Callable[..., tuple[FireBrigade, RunningService]]
ASYNCHRONOUS = {"Prefer": "respond-async"}
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - \w+ - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - .+")


@pytest.fixture
def server(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[MlflowServer]:
    server = MlflowServer(ensure_database(postgres.url(), "killed_jobs_mlflow"), tmp_path / "mlflow")
    server.start()
    yield server
    server.stop()


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def at_work(worker: RunningService) -> list[psutil.Process]:
    """The processes that do jobs."""
    (forkserver,) = [each for each in worker.workers() if "forkserver" in " ".join(each.cmdline())][:1]
    return forkserver.children()


def kill(worker: RunningService) -> None:
    for child in at_work(worker):
        child.send_signal(signal.SIGKILL)


def parts(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*.part-*")]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Publisher]:
    """Publishes made-up records, once it is told to."""
    made = generate_records(tmp_path / "made", 300)
    with publishing(made.incidents_csv.parent) as publisher:
        yield publisher


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[Start]:
    """Starts the service and its worker, each a process of its own."""
    with ExitStack() as stack:

        def begin(**more: str) -> tuple[FireBrigade, RunningService]:
            settings = settings_of(tmp_path, database_url=database_url, **more)
            worker = stack.enter_context(running_worker("fire_brigade", tmp_path, **settings))
            service = stack.enter_context(running_service("fire_brigade", tmp_path, **settings))
            return FireBrigade(tmp_path, service), worker

        yield begin


def test_processing_that_is_killed_is_done_and_one_that_is_cancelled_leaves_nothing(
    start: Start, held: Publisher, tmp_path: Path
) -> None:
    names = {"url_incident": "made_up_incidents.csv", "url_mobilisation": "made_up_mobilisations.csv"}
    brigade, worker = start(**{setting: f"{held.url}/held/{name}" for setting, name in names.items()})
    job_id = brigade.call("/process_data").json()["job_id"]
    assert held.arrived.wait(60)
    assert parts(tmp_path / "data")
    refused = brigade.call("/process_data")
    assert (refused.status_code, refused.json()["code"]) == (409, "job_at_work")
    assert job_id in refused.json()["error"]
    kill(worker)
    held.release.set()
    job = brigade.end_of(job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 2), job
    assert job["result"]["incident"]["rows"] == 300
    assert parts(tmp_path / "data") == []

    held.release.clear()
    held.arrived.clear()
    before = (tmp_path / "data" / "incident_data.csv").read_bytes()
    cancelled = brigade.call("/process_data").json()["job_id"]
    assert held.arrived.wait(60)
    assert brigade.call(f"/jobs/{cancelled}", "DELETE").status_code == 200
    assert brigade.end_of(cancelled)["status"] == "cancelled"
    assert parts(tmp_path / "data") == []
    assert (tmp_path / "data" / "incident_data.csv").read_bytes() == before

    held.release.set()
    third = brigade.end_of(brigade.call("/process_data").json()["job_id"])
    assert third["status"] == "succeeded"
    begun = 2 + 1 + 2  # incidents and mobilisations of the jobs that ended well, and one that did not
    lines = brigade.log("data_preprocessing").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert sum("download begun" in line for line in lines) == begun + 1
    counted = value(brigade.call("/metrics").text, "info_logs_data_preprocessing_total")
    assert counted == sum(" - INFO - " in line for line in lines), "of all processes together"


def test_a_training_that_is_killed_while_it_is_recorded_is_registered_once(
    start: Start, server: MlflowServer, tmp_path: Path
) -> None:
    write_features(tmp_path / "data" / "global_data.csv")
    brigade, worker = start(use_mlflow="true", mlflow_tracking_uri=server.url)
    client = connect(server.url, timeout_s=5)

    def runs() -> list[Any]:
        experiment = client.get_experiment_by_name("LFB_MLOPS")
        return list(client.search_runs([experiment.experiment_id])) if experiment else []

    accepted = brigade.call("/train_model", "POST", headers=ASYNCHRONOUS)
    assert (accepted.status_code, accepted.headers["Preference-Applied"]) == (202, "respond-async")
    job_id = accepted.json()["id"]
    assert accepted.headers["Location"] == f"/jobs/{job_id}"
    wait_until(runs)
    kill(worker)
    job = brigade.end_of(job_id)
    assert (job["status"], job["attempts"]) == ("succeeded", 2), job
    assert sorted(run.info.status for run in runs()) == ["FAILED", "FINISHED"]
    assert versions(client) == [run.info.run_id for run in runs() if run.info.status == "FINISHED"]
    assert parts(tmp_path) == []
    assert brigade.call("/predict?distance=5.2&station=Acton").ok

    scores = brigade.call("/train_model", "POST")
    assert scores.json() == job["result"]
    assert len(versions(client)) == 2


def versions(client: MlflowClient) -> list[str]:
    """The runs of the registered versions."""
    return [str(version.run_id) for version in client.search_model_versions(f"name='{REGISTERED_NAME}'")]
