"""Tracking's app on a database of the test's own and a real MLflow server that the run shares."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from mlflow import MlflowClient
from mlflow.entities import ViewType
from pydantic import SecretStr
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from werkzeug.test import TestResponse

from db.embedded import EmbeddedPostgres, ensure_database
from fleet.mlflow_client import connect
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.simulator import SimulatorService
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.tracking.searched import REQUEST, ROWS, no_pictures, searches
from tests.mlflow_server import MlflowServer
from tests.searches import wine_rows
from tests.working import working
from tracking.config.settings import TrackingSettings
from tracking.persistence.model.search import NewExperiment, SavedSearch, TrainingSet
from tracking.persistence.repository.search_log import RecordedSearches, SearchLog
from tracking.web.app import create_app

MANAGEMENT = "/root/tracking/model_management"
EXPERIMENTS = "/root/tracking/experiments"
RUNS = "/root/tracking/runs"
SMALL: dict[str, Any] = {
    "request_information": "optimization",
    "models": ["LogisticRegression"],
    "hyperparameters": {"LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]}},
    "scoring": "accuracy",
    "cv": 2,
}

Optimise = Callable[..., TestResponse]


@pytest.fixture(scope="session")
def mlflow_server(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MlflowServer]:
    """The server, on the embedded PostgreSQL."""
    server = MlflowServer(ensure_database(postgres.url(), "mlflow"), tmp_path_factory.mktemp("mlflow"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mlflow_client(mlflow_server: MlflowServer) -> MlflowClient:
    """What somebody else would log with."""
    return connect(mlflow_server.url, timeout_s=20)


def settings_on(database_url: str, mlflow_server: MlflowServer) -> TrackingSettings:
    """What an app is told."""
    return TrackingSettings(
        database_url=SecretStr(database_url),
        mlflow_url=mlflow_server.url,
        mlflow_database_url=SecretStr(mlflow_server.backend),
        mlflow_timeout_s=20,
        ml_model_url="http://127.0.0.1:1/root/ml",
    )


@pytest.fixture
def settings(database_url: str, mlflow_server: MlflowServer) -> Iterator[TrackingSettings]:
    """Settings on the test's database, whose jobs are done, and the real MLflow; nobody plays ml_model."""
    told = settings_on(database_url, mlflow_server)
    with working("tracking", told):
        yield told


@pytest.fixture
def app(settings: TrackingSettings) -> Flask:
    """The app as it is in production: TESTING stays off."""
    return create_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Sends requests to the app without a server."""
    return app.test_client()


def simulator_on(sessions: Sessions) -> SimulatorService:
    """Loads sets into a database."""
    known = KnownUseCases(read_definitions(SimulatorSettings().use_cases_dir), DataFiles(Path("data")))
    service = SimulatorService(known, lambda: SimulatorUnitOfWork(sessions))
    service.register()
    return service


def load_wine_training(database_url: str) -> None:
    """Load wine's training set into the database at this URL."""
    engine = create_engine(database_url)
    simulator_on(sessionmaker(engine)).load("training", "wine", caller=ALICE)
    engine.dispose()


@pytest.fixture
def simulator(sessions: Sessions) -> SimulatorService:
    """Loads sets into the test's database."""
    return simulator_on(sessions)


@pytest.fixture
def training(simulator: SimulatorService) -> int:
    """Wine's training set, loaded; its number of rows."""
    return simulator.load("training", "wine", caller=ALICE)


@pytest.fixture(scope="session")
def wine() -> TrainingSet:
    """The same rows, without a database."""
    return wine_rows()


@pytest.fixture
def name() -> str:
    """A name that no experiment has."""
    return f"test {uuid.uuid4().hex}"


@pytest.fixture
def small() -> dict[str, Any]:
    """An optimisation that takes a moment only."""
    return {**SMALL}


@pytest.fixture
def optimise(client: FlaskClient, training: int, small: dict[str, Any], name: str) -> Optimise:
    """Sends the small optimisation, changed as told."""

    def send(**changes: Any) -> TestResponse:
        return client.post(MANAGEMENT, json={**small, "experiment_name": name, **changes})

    return send


@pytest.fixture
def names(mlflow_client: MlflowClient) -> Callable[[], Mapping[str, str]]:
    """Ids of the experiments by name, deleted ones included: what a refused request must leave as it was."""

    def read() -> Mapping[str, str]:
        found = mlflow_client.search_experiments(view_type=ViewType.ALL, max_results=50_000)
        return {experiment.name: experiment.experiment_id for experiment in found}

    return read


@pytest.fixture
def job_id() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def found(tmp_path: Path) -> list[SavedSearch]:
    """What was searched: a model each of LOGISTIC and SVC."""
    return searches(tmp_path)


@pytest.fixture
def begin(mlflow_client: MlflowClient, job_id: str, name: str) -> Callable[..., tuple[SearchLog, Any]]:
    """Begins an attempt, which knows nothing of those before it."""

    def start(job: str = job_id) -> tuple[SearchLog, RecordedSearches]:
        log = SearchLog(mlflow_client, no_pictures)
        experiment = NewExperiment(name, {"owner": "Ada"})
        return log, log.begin(job, experiment, REQUEST, ROWS, ALICE)

    return start
