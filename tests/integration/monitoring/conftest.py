"""Monitoring's app on a database of the test's own, with wine loaded and scored as the fleet does it."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import insert, text

from db.copying import copy_in
from db.definition import UseCase
from db.sets import SetName, read_set
from db.shared import ActivationRow, DeploymentRow
from db.tables import use_case_tables
from fleet.catalogue import build_pipeline
from monitoring.config.settings import MonitoringSettings
from monitoring.service.engine import Engine
from monitoring.web.app import create_app
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.repository.samples import SampleRepository
from simulator.service.simulator import make_set
from tests.conftest import Sessions
from tests.integration.monitoring.walking import Walk

with warnings.catch_warnings():
    # Evidently 0.7.23 reads numpy.core, and its UI uses a deprecated part of litestar.
    warnings.simplefilter("ignore", DeprecationWarning)
    import evidently  # noqa: F401

Rows = Callable[[str], list[tuple[Any, ...]]]
WINE = read_definitions(SimulatorSettings().use_cases_dir)["wine"]


class Fleet:
    """Does to the database what the simulator and ml_model would."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        with sessions() as session:
            SampleRepository(session).register(WINE.definition)
            session.commit()

    def load(self, name: SetName, fouling: Any = "reference") -> None:
        with self._sessions() as session:
            SampleRepository(session).replace(WINE.definition, name, make_set(WINE, name, fouling))
            session.commit()

    def load_all(self, fouling: Any = "reference") -> None:
        for name in ("training", "testing", "production"):
            self.load(name, fouling)

    def set_model(self) -> int:
        values = {"use_case": "wine", "model_name": "LogisticRegression", "hyperparameters": {}}
        with self._sessions() as session:
            statement = insert(DeploymentRow).values(**values, preprocessing="standard_scaler")
            deployment_id = session.execute(statement.returning(DeploymentRow.id)).scalar_one()
            session.commit()
        return int(deployment_id)

    def activate(self, deployment_id: int) -> None:
        values = {"deployment_id": deployment_id, "use_case": "wine", "role": "active"}
        with self._sessions() as session:
            session.execute(insert(ActivationRow).values(**values))
            session.commit()

    def forget_targets(self, of_production: int) -> None:
        """Drop the truth about so many rows of production, the first ones."""
        chosen = "SELECT sample_index FROM wine.samples WHERE dataset_id = 3 ORDER BY sample_id LIMIT :rows"
        statement = text(f"DELETE FROM wine.targets WHERE sample_index IN ({chosen})")  # noqa: S608  # constants
        with self._sessions() as session:
            session.execute(statement, {"rows": of_production})
            session.commit()

    def execute(self, statement: str, **values: Any) -> None:
        with self._sessions() as session:
            session.execute(text(statement), values)
            session.commit()

    def score(self, deployment_id: int, *names: SetName) -> None:
        with self._sessions() as session:
            training = read_set(session, WINE.definition, "training")
            model = build_pipeline("LogisticRegression", {}, classes=3)
            model.fit(training.features, training.target)
            for name in names:
                rows = read_set(session, WINE.definition, name)
                block = {
                    "sample_index": rows.sample_index,
                    "prediction_index": rows.sample_index,
                    "class": model.predict(rows.features).astype(np.int64),
                    "deployment_id": np.full(len(rows), deployment_id),
                }
                copy_in(session, use_case_tables(WINE.definition).predictions, [block])
            session.commit()


@pytest.fixture
def wine() -> UseCase:
    return WINE.definition


@pytest.fixture
def fleet(sessions: Sessions) -> Fleet:
    return Fleet(sessions)


@pytest.fixture
def scored(fleet: Fleet) -> int:
    """Wine with reference fouling, scored by one deployment, whose id this is."""
    fleet.load_all()
    deployment_id = fleet.set_model()
    fleet.score(deployment_id, "testing", "production")
    return deployment_id


@pytest.fixture
def walk(sessions: Sessions, fleet: Fleet) -> Walk:
    """A loop on unfouled wine, with a live model."""
    fleet.load_all("none")
    champion = fleet.set_model()
    fleet.activate(champion)
    return Walk(sessions, champion)


@pytest.fixture
def settings(database_url: str) -> MonitoringSettings:
    return MonitoringSettings(database_url=SecretStr(database_url))


@pytest.fixture
def client(settings: MonitoringSettings, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Sends requests to the app as it is in production: TESTING stays off. Evidently is warm already."""
    monkeypatch.setattr(Engine, "start", lambda engine: None)
    return create_app(settings).test_client()


@pytest.fixture
def rows(sessions: Sessions) -> Rows:
    """Answers a query on the test's database, by which tests see what was stored."""

    def query(statement: str) -> list[tuple[Any, ...]]:
        with sessions() as session:
            return [tuple(row) for row in session.execute(text(statement))]

    return query
