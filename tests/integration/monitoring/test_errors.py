"""Bad requests to monitoring, and good ones at the wrong moment."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from monitoring.config.settings import MonitoringSettings
from monitoring.service.engine import Engine
from monitoring.service.group_names import GROUP_NAMES
from monitoring.web.app import create_app
from simulator.persistence.repository.samples import SampleRepository
from tests.conftest import Sessions, free_port
from tests.integration.monitoring.conftest import WINE, Fleet, Rows

PATH = "/root/monitoring"


def refused(client: FlaskClient, status: int, **body: Any) -> dict[str, str]:
    response = client.post(PATH, json=body)
    assert response.status_code == status, response.text
    answer = response.json
    assert isinstance(answer, dict)
    assert set(answer) == {"code", "error", "message", "request_id"}
    return answer


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({}, "metric"),
        ({"metric": "drift"}, "'report', 'tests', 'summary' or 'verdict'"),
        ({"metric": 3}, "metric"),
        ({"metric": "tests", "tests": ["data_drift"]}, "tests"),
        ({"metric": "tests", "tests": {"data_drift": "yes"}}, "tests.data_drift"),
        ({"metric": "tests", "tests": {"colour": True}}, "colour"),
        ({"metric": "tests", "tests": {"data_drift": False}}, "no group of checks is true"),
        ({"metric": "tests", "tests": {}}, "no group of checks is true"),
        ({"metric": "tests", "retrain": "perhaps"}, "retrain"),
        ({"metric": "tests", "use_case": 7}, "use_case"),
        ({"metric": "tests", "deployment_id": 0}, "deployment_id"),
        ({"metric": "tests", "deployment_id": "newest"}, "deployment_id"),
        ({"metric": "tests", "deployment_id": True}, "deployment_id"),
        ({"metric": "tests", "colour": "red"}, "colour"),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_kept(
    client: FlaskClient, rows: Rows, body: dict[str, Any], named: str
) -> None:
    assert named in refused(client, 400, **body)["error"]
    assert rows("SELECT count(*) FROM monitoring_results") == [(0,)]


@pytest.mark.parametrize("tests", [{"colour": True}, {"data_drift": False}])
def test_the_groups_to_choose_from_are_listed(client: FlaskClient, tests: dict[str, bool]) -> None:
    error = refused(client, 400, metric="tests", tests=tests)["error"]
    assert all(name in error for name in GROUP_NAMES)


def test_broken_json_and_an_empty_body_are_400(client: FlaskClient) -> None:
    assert client.post(PATH, data=b"{", content_type="application/json").status_code == 400
    assert client.post(PATH).status_code == 400


def test_an_unknown_use_case_is_404(client: FlaskClient, fleet: Fleet) -> None:
    body = refused(client, 404, metric="tests", use_case="beer")
    assert "beer" in body["error"]
    assert "wine" in body["message"]


def test_sets_that_are_not_loaded_are_named(client: FlaskClient, fleet: Fleet) -> None:
    body = refused(client, 409, metric="summary")
    assert "testing, production" in body["error"]
    fleet.load("testing")
    body = refused(client, 409, metric="summary")
    assert "testing" not in body["error"]
    assert "POST /root/simulator" in body["message"]


def test_sets_that_no_one_deployment_has_scored_are_409(client: FlaskClient, fleet: Fleet) -> None:
    fleet.load_all()
    assert "POST /root/ml" in refused(client, 409, metric="summary")["message"]
    fleet.score(fleet.set_model(), "testing")
    fleet.score(fleet.set_model(), "production")
    refused(client, 409, metric="summary")


def test_a_named_deployment_that_has_not_scored_both_sets_is_409_and_told_how_to(
    client: FlaskClient, fleet: Fleet, scored: int, rows: Rows
) -> None:
    half = fleet.set_model()
    fleet.score(half, "testing")
    answer = refused(client, 409, metric="tests", deployment_id=half)
    assert answer["code"] == "not_scored"
    assert f"Deployment {half}" in answer["error"]
    calls = [json.loads(found) for found in re.findall(r"\{.*?\}", answer["message"])]
    own = {"deployment_id": half, "use_case": "wine"}
    assert calls == [{"dataset": "testing", **own}, {"dataset": "production", **own}]
    assert rows("SELECT count(*) FROM monitoring_results") == [(0,)]


def test_a_deployment_that_there_is_not_is_404(client: FlaskClient, fleet: Fleet, scored: int) -> None:
    for unknown in (scored + 1, 2**62):
        answer = refused(client, 404, metric="summary", deployment_id=unknown)
        assert (answer["code"], str(unknown) in answer["error"]) == ("unknown_deployment", True)


def test_a_deployment_of_another_use_case_is_404(
    client: FlaskClient, fleet: Fleet, scored: int, sessions: Sessions
) -> None:
    tea = WINE.definition.model_copy(update={"name": "tea"})
    with sessions() as session:
        SampleRepository(session).register(tea)
        session.commit()
    answer = refused(client, 404, metric="summary", deployment_id=scored, use_case="tea")
    assert (answer["code"], "'tea'" in answer["error"]) == ("unknown_deployment", True)


def test_a_named_deployment_does_not_hide_that_sets_are_not_loaded(client: FlaskClient, fleet: Fleet) -> None:
    assert refused(client, 409, metric="summary", deployment_id=fleet.set_model())["code"] == "not_loaded"


def test_a_reloaded_production_must_be_scored_again(client: FlaskClient, fleet: Fleet, scored: int) -> None:
    fleet.load("production", "heavy")
    refused(client, 409, metric="summary")


@pytest.mark.parametrize("path", [PATH, "/health/ready"])
def test_no_postgresql_is_503(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "start", lambda engine: None)
    monkeypatch.setattr(Engine, "check", lambda engine: None)
    url = SecretStr(f"postgresql+psycopg2://nobody@127.0.0.1:{free_port()}/dataset")
    client = create_app(MonitoringSettings(database_url=url)).test_client()
    response = client.post(PATH, json={"metric": "tests"}) if path == PATH else client.get(path)
    assert response.status_code == 503
    assert "database" in response.json["error"]  # type: ignore[index]


def test_a_service_that_is_not_warm_is_alive_but_not_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503
