"""Verdicts over HTTP, and those that are kept."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.monitoring.conftest import Fleet, Rows

PATH = "/root/monitoring"
VERDICTS = f"{PATH}/verdicts"


def judged(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"metric": "verdict", **fields})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_verdict_is_kept_and_comes_out_the_same_again(
    client: FlaskClient, scored: int, fleet: Fleet
) -> None:
    fleet.activate(scored)
    answer = judged(client)
    message = answer["message"]
    assert (message["id"], message["deployment_id"], message["rows"]) == (answer["verdict_id"], scored, 36)
    assert message["sentence"].startswith(message["verdict"])
    assert message["reference"]["sets"] == ["testing"]
    kept = client.get(f"{VERDICTS}/{answer['verdict_id']}?replay=true").get_json()
    replay = kept.pop("replay")
    assert kept == message
    assert replay == {"verdict": message["verdict"], "sentence": message["sentence"], "same": True}


def test_verdicts_are_listed_a_page_at_a_time_the_newest_first(
    client: FlaskClient, scored: int, fleet: Fleet
) -> None:
    fleet.activate(scored)
    ids = [judged(client)["verdict_id"] for _ in range(3)]
    first = client.get(f"{VERDICTS}?limit=2&use_case=wine").get_json()
    rest = client.get(f"{VERDICTS}?limit=2&page_token={first['next_page_token']}").get_json()
    listed = first["verdicts"] + rest["verdicts"]
    assert [verdict["id"] for verdict in listed] == ids[::-1]
    assert "figures" not in listed[0]
    assert client.get(f"{VERDICTS}?use_case=other").get_json()["verdicts"] == []


def test_a_replay_tells_when_what_was_kept_says_something_else(
    client: FlaskClient, scored: int, fleet: Fleet, rows: Rows
) -> None:
    fleet.activate(scored)
    verdict_id = judged(client)["verdict_id"]
    fleet.execute("UPDATE verdicts SET verdict = 'act'")
    replay = client.get(f"{VERDICTS}/{verdict_id}?replay=true").get_json()["replay"]
    assert replay["verdict"] != "act"
    assert not replay["same"]


@pytest.mark.parametrize("verdict_id", ["999", "99999999999999999999", "0"])
def test_a_verdict_that_is_not_there_is_not_found(client: FlaskClient, verdict_id: str) -> None:
    answer = client.get(f"{VERDICTS}/{verdict_id}")
    assert (answer.status_code, answer.json["code"]) == (404, "verdict_not_found")  # type: ignore[index]


def test_who_cannot_be_judged_is_told_what_to_call(client: FlaskClient, fleet: Fleet) -> None:
    fleet.load_all()
    deployment_id = fleet.set_model()
    wanted: list[tuple[dict[str, Any], int, str, str]] = [
        ({}, 409, "nothing_live", '{"dataset": "training"}'),
        ({"deployment_id": 99}, 404, "unknown_deployment", "/root/ml/deployments"),
        ({"deployment_id": deployment_id}, 409, "no_reference", '{"dataset": "testing", "deployment_id": 1'),
        ({"deployment_id": deployment_id, "window": {"rows": [9000, 9001]}}, 409, "empty_window", "window"),
        ({"evidence": "none"}, 400, "validation_failed", "evidence"),
    ]
    for fields, status, code, said in wanted:
        answer = client.post(PATH, json={"metric": "verdict", **fields})
        assert (answer.status_code, answer.json["code"]) == (status, code), answer.text  # type: ignore[index]
        assert said in answer.json["message"] + answer.json["error"], answer.text  # type: ignore[index]


def test_a_window_may_be_the_reference(client: FlaskClient, scored: int, rows: Rows) -> None:
    numbers = [number for (number,) in rows("SELECT sample_index FROM wine.samples WHERE dataset_id = 3")]
    window = {"rows": [0, max(numbers)]}
    message = judged(client, deployment_id=scored, reference={"window": window})["message"]
    assert message["verdict"] == "steady"
    assert message["reference"]["window"] == window
    tests = message["figures"]["drift"]["tests"]
    assert {test["effect"] for test in tests} == {0}
