"""Every service over HTTP, on a real PostgreSQL, with the siblings and the data that it needs to say yes."""

import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from db.embedded import EmbeddedPostgres, ensure_database
from fire_brigade.service.generate_records import generate_records
from tests.accounts import USERS, basic
from tests.conftest import free_port
from tests.mlflow_server import MlflowServer
from tests.running import PROJECT, running_service, running_worker

READY_SECONDS = 60
ARTIFACT_KEY = "a key for the tests"
SETS = ("training", "testing", "production")
OPTIMIZATION = {
    "request_information": "optimization",
    "models": ["LogisticRegression"],
    "hyperparameters": {"LogisticRegression": {"C": [1]}},
    "cv": 2,
    "experiment_name": "wine",
}


class Fleet:
    """Starts services one after the other; each stays until the test ends."""

    def __init__(self, stack: ExitStack, folder: Path, database_url: str) -> None:
        self._stack = stack
        self._folder = folder
        self._database_url = database_url
        self._ml_model_port = free_port()  # the simulator calls it, and is there first
        self.addresses: dict[str, str] = {}

    def start(self, name: str, *, port: int | None = None, **settings: str) -> str:
        """The service's address, once it is ready."""
        if name not in self.addresses:
            told: dict[str, Any] = {"database_url": self._database_url, **settings}
            running = running_service(name, self._folder, port=port, **told)
            self.addresses[name] = self._stack.enter_context(running).address
            if (PROJECT / name / "jobs.py").is_file():
                self._stack.enter_context(running_worker(name, self._folder, **told))
            wait_until_ready(self.addresses[name])
        return self.addresses[name]

    def simulator(self) -> str:
        """The simulator, with every set loaded."""
        ml_model = f"http://127.0.0.1:{self._ml_model_port}/root/ml"
        address = self.start("simulator", ml_model_url=ml_model)
        for name in SETS:
            post(f"{address}/root/simulator", {"set_name": name})
        return address

    def ml_model(self) -> str:
        """ml_model, with a model that has been trained and has scored both sets."""
        self.simulator()
        address = self.start("ml_model", port=self._ml_model_port, artifact_key=ARTIFACT_KEY)
        post(f"{address}/root/ml/set_model", {"model_name": "LogisticRegression"})
        for name in SETS:
            post(f"{address}/root/ml", {"dataset": name})
        return address

    def monitoring(self) -> str:
        """Monitoring, with ml_model to ask for retraining; its webhooks may go to this machine."""
        ml_model = f"{self.ml_model()}/root/ml"
        return self.start("monitoring", ml_model_url=ml_model, webhooks_allowed="127.0.0.1")

    def fire_brigade(self) -> str:
        """The fire brigade's service, with records, features and a model; alice, an admin, is let in."""
        records = generate_records(self._folder / "made", 300)
        address = self.start(
            "fire_brigade",
            chemin_data=str(self._folder / "data"),
            chemin_data_ref=str(self._folder / "ref"),
            chemin_model=str(self._folder / "models"),
            log_directory=str(self._folder / "logs"),
            url_incident=records.incidents_csv.as_uri(),
            url_mobilisation=records.mobilisations_csv.as_uri(),
            artifact_key=ARTIFACT_KEY,
            trusted_proxies="1",  # which Schemathesis plays
            users="\n".join(f"{user.name}:{user.role}:{user.password_hash}" for user in USERS),
        )
        headers = basic("alice")
        requests.get(f"{address}/process_data", headers=headers, timeout=60).raise_for_status()
        deadline = time.monotonic() + READY_SECONDS
        while not requests.get(f"{address}/build_features", headers=headers, timeout=60).ok:
            assert time.monotonic() < deadline, "the records were not processed"
            time.sleep(0.2)
        requests.post(f"{address}/train_model", headers=headers, timeout=60).raise_for_status()
        return address

    def tracking(self, mlflow: MlflowServer, *, max_combinations: int = 4) -> str:
        """Tracking, with ml_model to set models in, and an experiment with a run."""
        ml_model = f"{self.ml_model()}/root/ml"
        address = self.start(
            "tracking", ml_model_url=ml_model, mlflow_url=mlflow.url, max_combinations=str(max_combinations)
        )
        post(f"{address}/root/tracking/model_management", {**OPTIMIZATION, "experiment_name": new_name()})
        return address


def new_name() -> str:
    """Others use this MLflow too, and the name of a deleted experiment stays taken."""
    return f"wine {uuid.uuid4().hex}"


def post(url: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to what must succeed."""
    answer = requests.post(url, json=body, timeout=60)
    assert answer.ok, answer.text
    read: dict[str, Any] = answer.json()
    return read


def wait_until_ready(address: str) -> None:
    """Return once the service, and what it needs, can answer."""
    deadline = time.monotonic() + READY_SECONDS
    while not requests.get(f"{address}/health/ready", timeout=10).ok:
        assert time.monotonic() < deadline, f"{address} is not ready"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def mlflow_server(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowServer]:
    """The server, on the embedded PostgreSQL."""
    server = MlflowServer(
        ensure_database(postgres.url(), "documents_mlflow"), tmp_path_factory.mktemp("mlflow")
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def fleet(tmp_path: Path, database_url: str) -> Iterator[Fleet]:
    """Nothing is started yet; what is ends with the test."""
    with ExitStack() as stack:
        yield Fleet(stack, tmp_path, database_url)
