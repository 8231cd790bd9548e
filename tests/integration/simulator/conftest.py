"""The simulator's app on a database of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from db.definition import UseCase
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.definitions import read_definitions
from simulator.web.app import create_app
from tests.accounts import API_KEYS, KEYS
from tests.conftest import Sessions
from tests.made_up_fires import write_fires
from tests.running import RunningService, running_service
from tests.streaming import ML_MODEL, Streaming
from tests.working import working

MAX_BODY_BYTES = 100_000

Rows = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture
def settings(database_url: str) -> SimulatorSettings:
    """Settings on the test's database, with a small limit on bodies."""
    return SimulatorSettings(database_url=SecretStr(database_url), max_body_bytes=MAX_BODY_BYTES)


@pytest.fixture
def app(settings: SimulatorSettings) -> Flask:
    """The app as it is in production: TESTING stays off."""
    return create_app(settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Sends requests to the app without a server."""
    return app.test_client()


@pytest.fixture
def wine() -> UseCase:
    """The definition of wine."""
    return read_definitions(SimulatorSettings().use_cases_dir)["wine"].definition


@pytest.fixture
def rows(sessions: Sessions) -> Rows:
    """Answers a query on the test's database, by which tests see what was stored."""

    def query(statement: str) -> list[tuple[object, ...]]:
        with sessions() as session:
            return [tuple(row) for row in session.execute(text(statement))]

    return query


@pytest.fixture
def ml_model(database_url: str, tmp_path: Path) -> Iterator[RunningService]:
    """A real one, which takes keys only."""
    told: dict[str, Any] = {"database_url": database_url, **ML_MODEL}
    with running_service("ml_model", tmp_path, **told) as service:
        yield service


@pytest.fixture
def streaming_settings(database_url: str, ml_model: RunningService, tmp_path: Path) -> SimulatorSettings:
    write_fires(tmp_path)
    return SimulatorSettings(
        database_url=SecretStr(database_url),
        ml_model_url=f"{ml_model.address}/root/ml",
        sibling_key=SecretStr(KEYS["tracking"]),
        api_keys=API_KEYS,
        data_dir=tmp_path,
    )


@pytest.fixture
def streaming(streaming_settings: SimulatorSettings, ml_model: RunningService, rows: Rows) -> Streaming:
    client = create_app(streaming_settings).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {KEYS['robot']}"
    return Streaming(client, ml_model, rows)


@pytest.fixture
def worker(streaming_settings: SimulatorSettings) -> Iterator[None]:
    with working("simulator", streaming_settings):
        yield
