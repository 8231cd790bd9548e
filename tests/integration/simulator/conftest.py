"""The simulator's app on a database of the test's own."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from db.definition import UseCase
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.definitions import read_definitions
from simulator.web.app import create_app
from tests.conftest import Sessions

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
