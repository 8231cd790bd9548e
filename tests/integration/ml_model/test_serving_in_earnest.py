"""Live requests to a service as it runs in earnest: credentials, logs, metrics, several workers, shutdown."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from tests.accounts import API_KEYS, KEYS, USERS, basic, bearer
from tests.integration.ml_model.conftest import KEY, Load, Rows
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import WINE
from tests.prometheus_text import value
from tests.running import RunningService, running_service

pytestmark = pytest.mark.slow

BODY = {"inputs": [WINE[0]]}


@pytest.fixture
def deployed(client: FlaskClient, load: Load) -> list[int]:
    """Two deployments, the second one active."""
    load("training")
    return [deploy(client, "LogisticRegression"), deploy(client, "SVC")]


def lines(accounts: Any) -> str:
    return "\n".join(
        f"{each.name}:{each.role}:{getattr(each, 'digest', None) or each.password_hash}" for each in accounts
    )


@pytest.fixture
def guarded(deployed: list[int], database_url: str, tmp_path: Path) -> Iterator[RunningService]:
    told: dict[str, Any] = {"users": lines(USERS), "api_keys": lines(API_KEYS)}
    with running_service(
        "ml_model", tmp_path, database_url=database_url, artifact_key=KEY, **told
    ) as service:
        service.wait_until_ready()
        yield service


def logged(service: RunningService, text: str) -> list[str]:
    """The lines with that text, of which there soon has to be one."""
    deadline = time.monotonic() + 10
    found: list[str] = []
    while not found and time.monotonic() < deadline:
        time.sleep(0.05)
        found = [line for line in service.log.read_text(encoding="utf-8").splitlines() if text in line]
    return found


def ask(service: RunningService, headers: dict[str, str], body: Any = None) -> requests.Response:
    return requests.post(f"{service.address}/root/ml/predict", json=body or BODY, headers=headers, timeout=30)


def test_query_arguments_are_looked_at_however_small_the_request(guarded: RunningService) -> None:
    path = f"{guarded.address}/root/ml/predict"
    for query, status in (("use_case=beer", 404), ("use_cse=wine", 400), ("use_case=wine", 200)):
        answer = requests.post(f"{path}?{query}", json=BODY, headers=basic("bob"), timeout=30)
        assert answer.status_code == status


def test_whoever_may_is_answered_and_named_in_the_log_and_others_are_not(guarded: RunningService) -> None:
    allowed = [basic("bob"), basic("bob"), bearer(KEYS["robot"]), bearer(KEYS["tracking"])]
    for number, headers in enumerate(allowed):
        answer = ask(guarded, {**headers, "X-Request-ID": f"ask-{number}"})
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, f"ask-{number}")
    assert ask(guarded, {}).status_code == 401
    assert ask(guarded, basic("bob", "wrong")).status_code == 401
    assert ask(guarded, bearer("mlfleet_wrong")).status_code == 401
    foreign = {**bearer(KEYS["robot"]), "Origin": "http://elsewhere.example"}
    assert ask(guarded, foreign).status_code == 403
    assert ask(guarded, {**bearer(KEYS["robot"])}, {"inputs": [["x"]]}).status_code == 400
    for name, user in (("ask-1", "bob"), ("ask-2", "robot")):
        (line,) = logged(guarded, f"request_id={name}")
        assert "POST /root/ml/predict 200 in" in line
        assert f"user={user}" in line
    text = requests.get(f"{guarded.address}/metrics", headers=bearer(KEYS["robot"]), timeout=30).text
    told = {"service": "ml_model", "route": "/root/ml/predict", "method": "POST"}
    counted = {
        status: value(text, "mlfleet_http_requests_total", **told, status=status)
        for status in ("200", "400", "401", "403")
    }
    assert counted == {"200": 4, "400": 1, "401": 3, "403": 1}


def test_every_worker_and_replica_serves_a_change_within_a_second(
    deployed: list[int], database_url: str, tmp_path: Path
) -> None:
    told: dict[str, Any] = {"database_url": database_url, "artifact_key": KEY}
    with (
        running_service("ml_model", tmp_path, workers="2", **told) as one,
        running_service("ml_model", tmp_path, **told) as other,
    ):
        for service in (one, other):
            service.wait_until_ready()
        for _ in range(3):
            change = requests.post(f"{one.address}/root/ml/rollback", json={}, timeout=30).json()
            time.sleep(1)
            answers = [ask(service, {}).json() for service in (one, other) for _ in range(20)]
            assert {answer["deployment_id"] for answer in answers} == {change["deployment_id"]}


def test_a_service_that_stops_stores_and_logs_what_it_has_answered(
    deployed: list[int], database_url: str, tmp_path: Path, rows: Rows
) -> None:
    told: dict[str, Any] = {"database_url": database_url, "artifact_key": KEY, "live_flush_s": "60"}
    with running_service("ml_model", tmp_path, **told) as service:
        service.wait_until_ready()
        numbers = [ask(service, {}).json()["sample_index"][0] for _ in range(5)]
        assert rows("SELECT count(*) FROM samples WHERE origin = 'live'") == [(0,)]
    assert service.log.read_text(encoding="utf-8").count("POST /root/ml/predict 200 in") == 5
    assert rows("SELECT sample_index FROM samples WHERE origin = 'live' ORDER BY 1") == [
        (number,) for number in numbers
    ]


def test_what_is_not_to_be_stored_has_no_number_and_what_has_no_room_is_counted(
    deployed: list[int], database_url: str, tmp_path: Path, rows: Rows
) -> None:
    told: dict[str, Any] = {"database_url": database_url, "artifact_key": KEY}
    off: dict[str, Any] = {"live_store_shares": '{"wine": 0}'}
    with running_service("ml_model", tmp_path, **told, **off) as service:
        service.wait_until_ready()
        assert [ask(service, {}).json()["sample_index"] for _ in range(3)] == [None] * 3
    full: dict[str, Any] = {"live_buffer_rows": "2", "live_flush_s": "60"}
    with running_service("ml_model", tmp_path, **told, **full) as service:
        service.wait_until_ready()
        numbers = [ask(service, {}).json()["sample_index"] for _ in range(5)]
        assert [number is None for number in numbers] == [False, False, True, True, True]
        text = requests.get(f"{service.address}/metrics", timeout=30).text
        assert value(text, "mlfleet_live_rows_lost_total", use_case="wine") == 3
    assert rows("SELECT count(*) FROM samples WHERE origin = 'live'") == [(2,)]
