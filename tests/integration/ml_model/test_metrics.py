"""What ml_model tells Prometheus, and that a restart or a second replica tells the same."""

import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from ml_model.config.settings import MlModelSettings
from ml_model.web.app import create_app
from tests.conftest import free_port
from tests.integration.ml_model.conftest import KEY, Load, Rows
from tests.prometheus_text import names, read_samples, value


def scrape(client: FlaskClient) -> str:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def trained(client: FlaskClient, load: Load) -> dict[str, Any]:
    """What scoring testing answered, by a model that is live."""
    load()
    client.post("/root/ml/set_model", json={"model_name": "SVC", "hyperparameters": {}})
    assert client.post("/root/ml", json={"dataset": "training"}).status_code == 200
    score: dict[str, Any] = client.post("/root/ml", json={"dataset": "testing"}).json or {}
    return score


def test_a_use_case_without_a_live_model_is_said_to_have_none(client: FlaskClient, load: Load) -> None:
    text = scrape(client)
    assert value(text, "mlfleet_model_live", use_case="wine") == 0
    assert "mlfleet_model_live_info" not in names(text)


def test_the_live_model_its_times_and_its_last_scores_are_told(
    client: FlaskClient, trained: dict[str, Any]
) -> None:
    text = scrape(client)
    info = {"use_case": "wine", "model_name": "SVC", "deployment_id": str(trained["deployment_id"])}
    assert value(text, "mlfleet_model_live", use_case="wine") == 1
    assert value(text, "mlfleet_model_live_info", **info) == 1
    for moment in ("trained", "activated"):
        told = value(text, f"mlfleet_model_{moment}_timestamp_seconds", use_case="wine")
        assert told == pytest.approx(time.time(), abs=60)
    for metric, score in trained["metrics"].items():
        assert value(text, "mlfleet_last_score", use_case="wine", set="testing", metric=metric) == score


def test_another_replica_tells_the_same(
    client: FlaskClient, trained: dict[str, Any], database_url: str
) -> None:
    settings = MlModelSettings(database_url=SecretStr(database_url), artifact_key=SecretStr(KEY))
    told = [
        {key: number for key, number in read_samples(scrape(each)).items() if key[0].startswith(kept)}
        for each in (client, create_app(settings).test_client())
        for kept in [("mlfleet_model", "mlfleet_last_score")]
    ]
    assert told[0] == told[1]
    assert len(told[0]) == 4 + 8 + 1  # of fire_brigade only that nothing is live


def test_predictions_are_counted_by_class(client: FlaskClient, trained: dict[str, Any], rows: Rows) -> None:
    stored: dict[int, int] = dict(rows("SELECT class, count(*) FROM wine.predictions GROUP BY class"))
    text = scrape(client)
    counted = {
        name: value(text, "mlfleet_predictions_total", use_case="wine", class_=str(name)) for name in stored
    }
    assert counted == stored
    assert sum(stored.values()) == 106 + 36


def test_the_pool_is_told_and_nothing_of_it_is_in_use_between_requests(
    client: FlaskClient, trained: dict[str, Any]
) -> None:
    text = scrape(client)
    assert (value(text, "mlfleet_database_pool_size", service="ml_model") or 0) >= 8
    assert value(text, "mlfleet_database_pool_in_use", service="ml_model") == 0


def app_without_database() -> Flask:
    away = SecretStr(f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    return create_app(MlModelSettings(database_url=away, artifact_key=SecretStr(KEY)))


def test_while_the_database_is_away_the_rest_is_told() -> None:
    client = app_without_database().test_client()
    client.get("/health/live")
    text = scrape(client)
    assert value(text, "mlfleet_scrape_error", service="ml_model") == 1
    assert "mlfleet_http_requests_total" in names(text)
    assert not [name for name in names(text) if name.startswith(("mlfleet_model", "mlfleet_last"))]
