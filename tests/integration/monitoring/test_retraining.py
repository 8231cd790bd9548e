"""`"retrain": true`: ml_model is told over HTTP, and the verdict outlives its failures."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.conftest import Sessions
from tests.integration.monitoring.conftest import FakeMlModel, Rows

PATH = "/root/monitoring"
RETRAIN = {"metric": "summary", "retrain": True}


def test_a_failed_summary_has_the_model_trained_again(
    client: FlaskClient, scored: int, ml_model: FakeMlModel
) -> None:
    response = client.post(PATH, json=RETRAIN, headers={"X-Request-ID": "abc-1"})
    assert response.status_code == 200
    assert response.json["retraining"] == ml_model.answer  # type: ignore[index]
    assert ml_model.requests == [("/root/ml", "abc-1", {"dataset": "training", "use_case": "wine"})]


def test_a_summary_that_passes_leaves_the_model_alone(
    client: FlaskClient, scored: int, ml_model: FakeMlModel
) -> None:
    body = {**RETRAIN, "tests": {"multi_class_classification": True}}
    response = client.post(PATH, json=body)
    assert response.json["message"]["all_passed"]  # type: ignore[index]
    assert "retraining" not in response.json  # type: ignore[operator]
    assert ml_model.requests == []


def test_the_verdict_is_kept_and_answered_when_ml_model_is_down(
    client: FlaskClient, scored: int, rows: Rows
) -> None:
    response = client.post(PATH, json=RETRAIN)
    body = response.json
    assert response.status_code == 502
    assert body is not None
    assert "ml_model" in body["error"]
    assert not body["result"]["all_passed"]
    not_answered = "'{drifted_columns_share,failed,distributions}'::text[]"
    stored = rows(f"SELECT id, result - {not_answered} FROM monitoring_results")  # noqa: S608  # constants
    assert stored == [(body["result_id"], body["result"])]


@pytest.mark.parametrize("status", [500, 503])
def test_ml_models_5xx_is_502_and_the_verdict_is_kept(
    client: FlaskClient, scored: int, ml_model: FakeMlModel, rows: Rows, status: int
) -> None:
    ml_model.status, ml_model.answer = status, {"error": "It broke", "message": "Repair it"}
    response = client.post(PATH, json=RETRAIN)
    assert response.status_code == 502
    assert f"ml_model answered {status}" in response.json["error"]  # type: ignore[index]
    assert rows("SELECT id FROM monitoring_results") == [(response.json["result_id"],)]  # type: ignore[index]


TRAINED = """
    INSERT INTO audit_events (service, action, use_case, subject, actor, request_id)
    VALUES ('ml_model', 'train', 'wine', '7', 'anonymous', 'abc-1')
"""


@pytest.mark.parametrize(("request_id", "status"), [("abc-1", 200), ("abc-2", 502)])
def test_a_training_that_ml_model_does_not_answer_is_looked_up(
    *,
    client: FlaskClient,
    scored: int,
    ml_model: FakeMlModel,
    sessions: Sessions,
    request_id: str,
    status: int,
) -> None:
    ml_model.status, ml_model.answer = 504, {"error": "Too slow", "message": "Look"}
    with sessions() as session:
        session.execute(text(TRAINED))
        session.commit()
    response = client.post(PATH, json=RETRAIN, headers={"X-Request-ID": request_id})
    assert response.status_code == status, response.json
    if status == 200:
        assert response.json["retraining"]["deployment_id"] == 7  # type: ignore[index]
    else:
        assert "look before" in response.json["message"]  # type: ignore[index]


@pytest.mark.parametrize("status", [404, 409])
def test_ml_models_4xx_is_passed_on_and_the_verdict_is_kept(
    client: FlaskClient, scored: int, ml_model: FakeMlModel, rows: Rows, status: int
) -> None:
    ml_model.status, ml_model.answer = status, {"error": "No model", "message": "Set one", "request_id": "x"}
    response = client.post(PATH, json=RETRAIN)
    body = response.json
    assert response.status_code == status
    assert body is not None
    assert (body["error"], body["message"]) == ("No model", "Set one")
    assert body["request_id"] == response.headers["X-Request-ID"]
    assert rows("SELECT id FROM monitoring_results") == [(body["result_id"],)]


def test_a_retraining_is_asked_for_once_for_a_key(
    client: FlaskClient, scored: int, ml_model: FakeMlModel, rows: Rows
) -> None:
    body, headers = {"metric": "summary", "retrain": True}, {"Idempotency-Key": "retrain-1"}
    first, again = (client.post("/root/monitoring", json=body, headers=headers) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(ml_model.requests) == len(rows("SELECT id FROM monitoring_results")) == 1
