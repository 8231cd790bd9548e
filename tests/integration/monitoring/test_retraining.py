"""`"retrain": true`: a summary that fails begins a loop."""

from flask.testing import FlaskClient

from tests.integration.monitoring.conftest import Fleet, Rows

PATH = "/root/monitoring"
RETRAIN = {"metric": "summary", "retrain": True}
LOOPS = "SELECT id, use_case, verdict_id, actor, policy ->> 'action' FROM loops"


def test_a_failed_summary_begins_a_loop(client: FlaskClient, scored: int, fleet: Fleet, rows: Rows) -> None:
    fleet.activate(scored)
    response = client.post(PATH, json=RETRAIN)
    assert response.status_code == 200
    (loop,) = rows(LOOPS)
    assert loop[1:] == ("wine", None, "anonymous", "retrain_and_promote")
    said = f"Loop {loop[0]} was begun: GET /root/monitoring/loops/{loop[0]}"
    assert response.json is not None
    assert response.json["retraining"] == {"message": said, "loop_id": loop[0]}
    assert rows("SELECT kind, lock FROM jobs") == [("loop", f"loop {loop[0]}")]


def test_a_loop_that_is_under_way_is_the_answer(
    client: FlaskClient, scored: int, fleet: Fleet, rows: Rows
) -> None:
    fleet.activate(scored)
    first, again = (client.post(PATH, json=RETRAIN) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json is not None
    assert again.json is not None
    assert again.json["retraining"]["loop_id"] == first.json["retraining"]["loop_id"]
    assert "under way" in again.json["retraining"]["message"]
    assert len(rows(LOOPS)) == 1


def test_a_summary_that_passes_begins_none(
    client: FlaskClient, scored: int, fleet: Fleet, rows: Rows
) -> None:
    fleet.activate(scored)
    response = client.post(PATH, json={**RETRAIN, "tests": {"multi_class_classification": True}})
    assert response.json is not None
    assert response.json["message"]["all_passed"]
    assert "retraining" not in response.json
    assert rows(LOOPS) == []


def test_the_verdict_is_kept_and_answered_when_nothing_is_live(
    client: FlaskClient, scored: int, rows: Rows
) -> None:
    response = client.post(PATH, json=RETRAIN)
    body = response.json
    assert response.status_code == 409
    assert body is not None
    assert body["code"] == "nothing_live"
    assert not body["result"]["all_passed"]
    not_answered = "'{drifted_columns_share,failed,distributions}'::text[]"
    stored = rows(f"SELECT id, result - {not_answered} FROM monitoring_results")  # noqa: S608  # constants
    assert stored == [(body["result_id"], body["result"])]


def test_a_loop_is_begun_once_for_a_key(client: FlaskClient, scored: int, fleet: Fleet, rows: Rows) -> None:
    fleet.activate(scored)
    headers = {"Idempotency-Key": "retrain-1"}
    first, again = (client.post(PATH, json=RETRAIN, headers=headers) for _ in range(2))
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(rows(LOOPS)) == len(rows("SELECT id FROM monitoring_results")) == 1
