"""A model that the installed libraries cannot open: who answers, and what is said."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sqlalchemy import text

from ml_model.config.settings import MlModelSettings
from ml_model.web.app import LIVE, create_app
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import KEY, Load
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import PREDICT, WINE, columns

WITHOUT_TABLES = (
    (
        "INSERT INTO use_cases (name, task, target, features) "
        "SELECT 'aaa', task, target, features FROM use_cases WHERE name = 'wine'"
    ),
    (
        "INSERT INTO deployments (use_case, model_name, hyperparameters, preprocessing, trained_at, "
        "artifact, artifact_format, artifact_signature) SELECT 'aaa', model_name, hyperparameters, "
        "preprocessing, trained_at, artifact, artifact_format, artifact_signature FROM deployments"
    ),
    (
        "INSERT INTO activations (deployment_id, use_case, role) "
        "SELECT id, use_case, 'active' FROM deployments WHERE use_case = 'aaa'"
    ),
)


@pytest.fixture
def broken(client: FlaskClient, load: Load, sessions: Sessions) -> int:
    """The id of a deployment whose artifact no library can open; another one is live."""
    load("training", "testing")
    unusable = deploy(client, "SVC")
    deploy(client, "LogisticRegression")
    with sessions() as session:
        session.execute(text("UPDATE deployments SET artifact = 'no model' WHERE id = :id"), {"id": unusable})
        session.commit()
    return unusable


def ask(client: FlaskClient) -> Any:
    return client.post(PREDICT, json=columns(WINE[:1]))


def test_the_model_before_goes_on_answering_and_the_service_is_ready(
    client: FlaskClient, broken: int
) -> None:
    before = ask(client).get_json()["deployment_id"]
    assert client.post("/root/ml/rollback", json={}).get_json()["deployment_id"] == broken
    answer = ask(client)
    assert (answer.status_code, answer.get_json()["deployment_id"]) == (200, before)
    ready = client.get("/health/ready")
    assert (ready.status_code, list(ready.get_json()["degraded"])) == (200, ["wine"])


def test_a_use_case_whose_tables_are_gone_stops_no_other(
    client: FlaskClient, load: Load, app: Flask, sessions: Sessions
) -> None:
    load("training")
    deploy(client, "LogisticRegression")
    with sessions() as session:  # in the order of names, it comes first
        for statement in WITHOUT_TABLES:
            session.execute(text(statement))
        session.commit()
    app.extensions[LIVE].models.refresh()
    assert list(client.get("/health/ready").get_json()["degraded"]) == ["aaa"]
    assert ask(client).status_code == 200


def test_without_one_before_it_is_said_what_is_wrong(
    client: FlaskClient, broken: int, app: Flask, database_url: str
) -> None:
    assert client.post("/root/ml/rollback", json={}).status_code == 200
    settings = MlModelSettings(database_url=SecretStr(database_url), artifact_key=SecretStr(KEY))
    restarted = create_app(settings)
    other = restarted.test_client()
    answer = ask(other)
    assert answer.status_code == 503
    assert "cannot be opened" in answer.get_json()["error"]
    ready = other.get("/health/ready")
    assert (ready.status_code, list(ready.get_json()["degraded"])) == (200, ["wine"])
    assert "cannot be opened" in ready.get_json()["degraded"]["wine"]
    assert 'mlfleet_use_case_degraded{use_case="wine"} 1.0' in other.get("/metrics").text
    assert other.get("/v2/models/wine/ready").status_code == 503
    scored: Any = other.post("/root/ml", json={"dataset": "testing"})
    assert (scored.status_code, "cannot be opened" in scored.get_json()["error"]) == (409, True)
    assert other.post("/root/ml/rollback", json={}).status_code == 200
    assert other.get("/health/ready").get_json() == {"status": "ready"}
    assert ask(other).status_code == 200
    restarted.extensions[LIVE].store.stop()
