"""Use cases of the tests' own, with the real simulator and ml_model before them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import LIVE, create_app
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.integration.monitoring.test_live_rows import post

MODEL = {"model_name": "LogisticRegression", "hyperparameters": {}}


@pytest.fixture
def serving(database_url: str) -> Iterator[Flask]:
    key = SecretStr("a key for the tests")
    app = create_app(
        MlModelSettings(database_url=SecretStr(database_url), artifact_key=key), trainer=InThisProcess()
    )
    yield app
    app.extensions[LIVE].store.stop()


@pytest.fixture
def simulator(database_url: str) -> FlaskClient:
    client: FlaskClient = create_simulator(
        SimulatorSettings(database_url=SecretStr(database_url))
    ).test_client()
    return client


Trained = Callable[..., str]


@pytest.fixture
def trained(simulator: FlaskClient, serving: Flask) -> Trained:
    """Adds a use case with its rows, trains a model, and has it score testing and production."""

    def made(definition: dict[str, Any], csv: str, model: dict[str, Any] = MODEL) -> str:
        name = str(definition["name"])
        post(simulator, "/root/simulator/use_cases", definition=definition, csv=csv)
        for each in ("training", "testing", "production"):
            more = {"fouling": {"level": "none"}} if each == "production" else {}
            post(simulator, "/root/simulator", set_name=each, use_case=name, **more)
        models = serving.test_client()
        post(models, "/root/ml/set_model", use_case=name, **model)
        for each in ("training", "testing", "production"):
            post(models, "/root/ml", use_case=name, dataset=each)
        return name

    return made
