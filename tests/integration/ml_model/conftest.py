"""The apps of ml_model and of the simulator that feeds it, on a database of the test's own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import LIVE, create_app
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.conftest import Sessions

KEY = "a key for the tests"

Load = Callable[..., Any]
Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def load(database_url: str) -> Load:
    """Loads sets through the simulator."""
    client = create_simulator(SimulatorSettings(database_url=SecretStr(database_url))).test_client()

    def load_sets(*names: str, **fields: Any) -> None:
        for name in names or ("training", "testing", "production"):
            answer = client.post("/root/simulator", json={"set_name": name, **fields})
            assert answer.status_code == 200, answer.json

    return load_sets


@pytest.fixture
def app(database_url: str, load: Load) -> Iterator[Flask]:
    """The app as it is in production; wine is registered, no set is loaded."""
    settings = MlModelSettings(database_url=SecretStr(database_url), artifact_key=SecretStr(KEY))
    made = create_app(settings, trainer=InThisProcess())
    yield made
    made.extensions[LIVE].store.stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Sends requests to the app without a server."""
    return app.test_client()


@pytest.fixture
def rows(sessions: Sessions) -> Rows:
    """Answers a query on the test's database."""

    def query(statement: str) -> list[tuple[Any, ...]]:
        with sessions() as session:
            return [tuple(row) for row in session.execute(text(statement))]

    return query
