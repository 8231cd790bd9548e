"""`/root/monitoring/loops`, over HTTP: begun, read, replayed, aborted."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.monitoring.conftest import Rows
from tests.integration.monitoring.walking import BETTER, EQUAL, WORSE, Walk

PATH = "/root/monitoring/loops"


def get(client: FlaskClient, path: str, status: int = 200) -> Any:
    answer = client.get(path)
    assert answer.status_code == status, answer.json
    return answer.json


def test_a_loop_is_begun_listed_and_read(client: FlaskClient, walk: Walk, rows: Rows) -> None:
    begun = client.post(PATH, json={"action": "retrain"})
    assert begun.status_code == 201
    assert begun.json is not None
    loop_id = begun.json["id"]
    assert begun.headers["Location"] == f"{PATH}/{loop_id}"
    assert begun.json["policy"]["action"] == "retrain"
    assert [step["name"] for step in begun.json["steps"]] == ["judge"]
    assert rows("SELECT kind, lock FROM jobs") == [("loop", f"loop {loop_id}")]
    listed = get(client, f"{PATH}?use_case=wine&limit=1")
    assert ([each["id"] for each in listed["loops"]], listed["next_page_token"]) == ([loop_id], None)
    assert get(client, f"{PATH}?use_case=fire_brigade")["loops"] == []
    assert get(client, f"{PATH}/{loop_id}") == begun.json
    (job,) = get(client, "/root/monitoring/jobs")["data"]
    assert (job["id"], job["kind"]) == (begun.json["job_id"], "loop")


def test_no_loop_that_only_tells_is_begun_by_hand(client: FlaskClient, walk: Walk) -> None:
    assert get_code(client, {"action": "notify"}) == (400, "validation_failed")


def test_two_loops_cannot_run_at_once(client: FlaskClient, walk: Walk) -> None:
    assert client.post(PATH, json={}).status_code == 201
    again = client.post(PATH, json={})
    assert again.json is not None
    assert (again.status_code, again.json["code"]) == (409, "loop_in_flight")


def test_a_loop_begins_with_a_verdict_on_its_own_use_case(
    client: FlaskClient, walk: Walk, rows: Rows
) -> None:
    assert get_code(client, {"verdict_id": 7}) == (404, "verdict_not_found")
    (verdict_id,) = verdict(walk, rows, "steady")
    begun = client.post(PATH, json={"verdict_id": verdict_id})
    assert begun.json is not None
    assert begun.json["verdict_id"] == verdict_id
    assert begun.json["steps"][0]["given"] == {"verdict": "steady", "sentence": "so it was told"}


def test_a_loop_is_aborted_once(client: FlaskClient, walk: Walk) -> None:
    loop = walk.begin()
    aborted = client.delete(f"{PATH}/{loop.id}")
    assert aborted.status_code == 200
    assert aborted.json is not None
    assert aborted.json["step"] == "clear"
    assert walk.go_on(loop).outcome == "aborted"
    again = client.delete(f"{PATH}/{loop.id}")
    assert again.json is not None
    assert (again.status_code, again.json["code"]) == (409, "loop_ended")
    assert client.delete(f"{PATH}/{loop.id + 1}").status_code == 404


@pytest.mark.parametrize(
    ("then", "outcome", "decided"),
    [(EQUAL, "kept", ["gate", "watch"]), (WORSE, "rolled_back", ["gate", "watch"]), (None, None, ["gate"])],
)
def test_what_a_loop_has_decided_is_decided_again(
    client: FlaskClient, walk: Walk, then: Any, outcome: str | None, decided: list[str]
) -> None:
    walk.double.pairs = [BETTER]
    loop = walk.go_on(walk.begin())
    if then is not None:
        walk.double.pairs = [then]
        walk.run("UPDATE loops SET policy = jsonb_set(policy, '{watch_rows}', '30')")
        walk.label_again()
        loop = walk.go_on(loop)
    found = get(client, f"{PATH}/{loop.id}?replay=true")
    assert found["outcome"] == outcome
    assert [step["name"] for step in found["replay"]["steps"]] == decided
    assert found["replay"]["same"]
    assert all(step["same"] for step in found["replay"]["steps"])
    walk.run("UPDATE loop_steps SET outcome = 'reject' WHERE name = 'gate'")
    assert not get(client, f"{PATH}/{loop.id}?replay=true")["replay"]["same"]


def get_code(client: FlaskClient, body: dict[str, Any]) -> tuple[int, str]:
    answer = client.post(PATH, json=body)
    assert answer.json is not None
    return answer.status_code, answer.json["code"]


def verdict(walk: Walk, rows: Rows, said: str) -> tuple[int, ...]:
    walk.run(
        "INSERT INTO verdicts (use_case, verdict, sentence, evidence, reference, first_id, last_id, rows, "  # noqa: S608
        f"labelled, figures, actor) VALUES ('wine', '{said}', 'so it was told', 'auto', '{{}}', 1, 2, 2, 0, "
        "'{}', 'alice')"
    )
    return tuple(row[0] for row in rows("SELECT id FROM verdicts"))
