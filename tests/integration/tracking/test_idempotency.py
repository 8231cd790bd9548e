"""An optimisation is done once for a key."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from db.idempotency import PostgresClaim
from db.unit_of_work import DatabaseUnavailableError
from fleet.idempotency import KeptAnswer
from tests.integration.tracking.conftest import MANAGEMENT, RUNS


def test_an_optimisation_is_recorded_once_for_a_key(
    client: FlaskClient, training: int, small: dict[str, Any], name: str
) -> None:
    body, headers = {**small, "experiment_name": name}, {"Idempotency-Key": name.replace(" ", "-")}
    first, again = (client.post(MANAGEMENT, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    experiment_id = first.get_json()["data"]["experiment_id"]
    runs = client.get(RUNS, query_string={"experiment_id": experiment_id}).get_json()["data"]
    assert len(runs) == 1


def test_a_job_whose_answer_was_lost_is_found_by_its_key(
    client: FlaskClient,
    training: int,
    small: dict[str, Any],
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die(self: PostgresClaim, answer: KeptAnswer) -> None:
        raise DatabaseUnavailableError

    monkeypatch.setattr(PostgresClaim, "keep", die)
    headers = {"Idempotency-Key": name.replace(" ", "-"), "Prefer": "respond-async"}
    body = {**small, "experiment_name": name}
    first, again = (client.post(MANAGEMENT, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.get_json()["id"] == first.get_json()["id"]
    other = client.post(MANAGEMENT, json={**body, "cv": 3}, headers=headers)
    assert other.get_json()["id"] != first.get_json()["id"]
