"""The history of deployments, rollbacks and roles, over the service's own routes."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from tests.integration.ml_model.conftest import Load, Rows

BASE = "/root/ml/deployments"


def deploy(client: FlaskClient, model_name: str) -> int:
    """Set and train a model; the id of its deployment."""
    answer = client.post("/root/ml/set_model", json={"model_name": model_name}).get_json()
    assert client.post("/root/ml", json={"dataset": "training"}).status_code == 200
    return int(answer["deployment_id"])


@pytest.fixture
def deployed(client: FlaskClient, load: Load) -> list[int]:
    """Two trained deployments, of which the second is active, and one that was only set."""
    load("training")
    trained = [deploy(client, "SVC"), deploy(client, "LogisticRegression")]
    untrained = client.post("/root/ml/set_model", json={"model_name": "RandomForest"}).get_json()
    return [*trained, untrained["deployment_id"]]


def get(client: FlaskClient, path: str, **query: Any) -> Any:
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.get_json()


def give(client: FlaskClient, deployment: int, **body: Any) -> Any:
    return client.post(f"{BASE}/{deployment}/role", json=body)


def active(client: FlaskClient) -> int:
    return int(get(client, "/root/ml")["active"]["id"])


def lasting(rows: Rows) -> list[tuple[Any, ...]]:
    return rows("SELECT deployment_id, role, share FROM activations WHERE until IS NULL ORDER BY id")


def test_the_history_lists_every_deployment_newest_first(client: FlaskClient, deployed: list[int]) -> None:
    listed = get(client, BASE)
    assert [each["id"] for each in listed["deployments"]] == deployed[::-1]
    assert listed["next_page_token"] is None
    never, live, replaced = listed["deployments"]
    assert (never["trained_at"], never["activations"]) == (None, [])
    assert live["metrics"]["training"]["accuracy"] > 0.9
    (first,), (second,) = replaced["activations"], live["activations"]
    assert (first["role"], first["reason"], first["actor"]) == ("active", "training", "anonymous")
    assert first["until"] == second["from"]
    assert second["until"] is None
    assert get(client, f"{BASE}/{live['id']}") == live
    assert get(client, f"/root/model/deployments/{live['id']}") == live


def test_the_history_is_read_a_page_at_a_time(client: FlaskClient, deployed: list[int]) -> None:
    first = get(client, BASE, limit=2)
    rest = get(client, BASE, limit=2, page_token=first["next_page_token"])
    assert [each["id"] for each in first["deployments"] + rest["deployments"]] == deployed[::-1]


def test_what_was_live_at_a_time_is_told(client: FlaskClient, deployed: list[int]) -> None:
    (began,) = get(client, f"{BASE}/{deployed[0]}")["activations"]
    (then,) = get(client, BASE, at=began["from"])["deployments"]
    assert then["id"] == deployed[0]
    (later,) = get(client, BASE, at=began["until"])["deployments"]
    assert later["id"] == deployed[1]
    assert get(client, BASE, at="2020-01-01T00:00:00Z")["deployments"] == []
    for wrong in ("yesterday", "0.5", "2026-01-31T12:00:00", "0001-01-01T00:00:00+10:00"):
        assert client.get(BASE, query_string={"at": wrong}).status_code == 400
    assert get(client, BASE, at="5709-07-11T10:53:27-20:14")["deployments"][0]["id"] == deployed[1]


def test_a_rollback_makes_the_one_before_live_and_trains_nothing(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    trained = rows("SELECT id, trained_at FROM deployments ORDER BY id")
    answer: Any = client.post("/root/ml/rollback", json={"reason": "it drifts"}).get_json()
    assert answer == {
        "message": f"Rolled back to deployment {deployed[0]}",
        "deployment_id": deployed[0],
        "model_name": "SVC",
        "previous_deployment_id": deployed[1],
    }
    assert active(client) == deployed[0]
    assert get(client, f"{BASE}/{deployed[0]}")["activations"][-1]["reason"] == "it drifts"
    assert rows("SELECT id, trained_at FROM deployments ORDER BY id") == trained
    assert client.post("/root/ml/rollback", json={}).status_code == 200
    assert active(client) == deployed[1]
    named: Any = client.post("/root/ml/rollback", json={"deployment_id": str(deployed[0])})
    assert named.status_code == 200
    assert active(client) == deployed[0]
    assert get(client, "/root/ml/audit")["events"][0]["action"] == "rollback"


def test_sets_are_scored_by_what_was_set_or_taken_back_into_service_last(
    client: FlaskClient, load: Load
) -> None:
    for name in ("training", "testing"):
        load(name)

    def scoring() -> int:
        answer: Any = client.post("/root/ml", json={"dataset": "testing"}).get_json()
        assert answer["deployment_id"] == get(client, "/root/ml")["set"]["id"]
        return int(answer["deployment_id"])

    first, second = deploy(client, "SVC"), deploy(client, "LogisticRegression")
    assert scoring() == second
    client.post("/root/ml/rollback", json={})
    assert scoring() == first
    give(client, second, role="active")
    assert scoring() == second
    give(client, first, role="canary", share=0.5)
    assert scoring() == second
    client.post("/root/ml/rollback", json={})
    client.post("/root/ml/set_model", json={"model_name": "RandomForest"})
    assert client.post("/root/ml", json={"dataset": "testing"}).status_code == 409


@pytest.mark.parametrize(
    ("which", "status", "word"), [(1, 409, "active"), (2, 409, "trained"), (None, 404, "99")]
)
def test_a_rollback_to_what_cannot_serve_is_refused(
    client: FlaskClient, deployed: list[int], *, which: int | None, status: int, word: str
) -> None:
    asked = 99 if which is None else deployed[which]
    answer: Any = client.post("/root/ml/rollback", json={"deployment_id": asked})
    assert (answer.status_code, word in answer.get_json()["error"]) == (status, True)
    assert active(client) == deployed[1]


def test_without_a_deployment_before_there_is_nothing_to_roll_back_to(
    client: FlaskClient, load: Load
) -> None:
    load("training")
    deploy(client, "SVC")
    assert client.post("/root/ml/rollback", json={}).status_code == 409


def test_a_deployment_is_shadow_then_canary_then_active(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    beside = deployed[0]
    assert give(client, beside, role="shadow").status_code == 200
    assert lasting(rows) == [(deployed[1], "active", None), (beside, "shadow", None)]
    assert give(client, beside, role="canary", share=0.25).get_json()["share"] == 0.25
    assert lasting(rows) == [(deployed[1], "active", None), (beside, "canary", 0.25)]
    assert give(client, beside, role="active").status_code == 200
    assert lasting(rows) == [(beside, "active", None)]
    actions = [event["action"] for event in get(client, "/root/ml/audit")["events"][:3]]
    assert actions == ["activate", "set_role", "set_role"]


def test_a_role_is_ended_by_itself(client: FlaskClient, deployed: list[int], rows: Rows) -> None:
    give(client, deployed[0], role="shadow")
    assert client.delete(f"{BASE}/{deployed[0]}/role").get_json()["role"] is None
    assert lasting(rows) == [(deployed[1], "active", None)]
    assert client.delete(f"{BASE}/{deployed[0]}/role").status_code == 409
    assert client.delete(f"{BASE}/{deployed[1]}/role").status_code == 409
    assert get(client, "/root/ml/audit")["events"][0]["action"] == "end_role"


@pytest.mark.parametrize(
    ("which", "body", "status"),
    [
        (1, {"role": "shadow"}, 409),
        (1, {"role": "active"}, 409),
        (2, {"role": "shadow"}, 409),
        (0, {"role": "canary"}, 400),
        (0, {"role": "canary", "share": 1.5}, 400),
        (0, {"role": "canary", "share": 0}, 400),
        (0, {"role": "shadow", "share": 0.5}, 400),
        (0, {"role": "champion"}, 400),
    ],
)
def test_a_role_that_makes_no_sense_is_refused(
    client: FlaskClient, deployed: list[int], rows: Rows, *, which: int, body: dict[str, Any], status: int
) -> None:
    assert give(client, deployed[which], **body).status_code == status
    assert lasting(rows) == [(deployed[1], "active", None)]


def test_canaries_get_no_more_than_all_of_the_traffic(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    third = deploy(client, "SVC")
    assert give(client, deployed[0], role="canary", share=0.75).status_code == 200
    assert give(client, deployed[1], role="canary", share=0.5).status_code == 409
    assert give(client, deployed[1], role="canary", share=0.25).status_code == 200
    assert [row[0] for row in lasting(rows)] == [third, deployed[0], deployed[1]]


@pytest.mark.parametrize("path", ["99", str(2**63), "99/role"])
def test_an_unknown_deployment_is_404(client: FlaskClient, path: str) -> None:
    method = client.delete if path.endswith("role") else client.get
    answer = method(f"{BASE}/{path}")
    assert answer.status_code == 404
    assert "deployment" in answer.get_json()["error"]


def test_a_deployment_and_its_activations_are_told_as_of_one_moment(
    client: FlaskClient, deployed: list[int], rows: Rows, database_url: str
) -> None:
    """It is trained and activated after the one was read, and before the other is."""
    untrained = deployed[-1]
    engine = create_engine(database_url)
    with ThreadPoolExecutor() as threads, engine.connect() as other:
        other.execute(text("LOCK TABLE activations IN ACCESS EXCLUSIVE MODE"))
        asking = threads.submit(get, client, f"{BASE}/{untrained}")
        while rows("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
            time.sleep(0.01)
        other.execute(text("UPDATE activations SET until = now() WHERE until IS NULL"))
        other.execute(
            text("UPDATE deployments SET trained_at = now(), artifact = '' WHERE id = :id"), {"id": untrained}
        )
        other.execute(
            text(
                "INSERT INTO activations (use_case, deployment_id, role, reason, actor) "
                "VALUES ('wine', :id, 'active', 'training', 'test')"
            ),
            {"id": untrained},
        )
        other.commit()
        told = asking.result(30)
    engine.dispose()
    assert (told["trained_at"], told["active_since"], told["activations"]) == (None, None, [])
    assert get(client, f"{BASE}/{untrained}")["active_since"]


def test_the_former_champion_is_kept_as_a_shadow_at_the_same_moment(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    before, live, _ = deployed
    answer = give(client, before, role="active", keep="shadow", reason="it is better")
    assert answer.status_code == 200, answer.json
    assert lasting(rows) == [(before, "active", None), (live, "shadow", None)]
    told = rows("SELECT action, subject FROM audit_events ORDER BY id DESC LIMIT 2")
    assert told == [("set_role", str(live)), ("activate", str(before))]


def test_a_promotion_that_is_refused_makes_nothing_a_shadow(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    live, untrained = deployed[1:]
    assert give(client, untrained, role="active", keep="shadow").status_code == 409
    assert give(client, live, role="active", keep="shadow").status_code == 409
    assert lasting(rows) == [(live, "active", None)]


def test_after_a_rollback_the_former_champion_is_active_and_no_shadow_of_itself(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    challenger, champion, _ = deployed
    give(client, challenger, role="active", keep="shadow")
    body = {"deployment_id": champion, "reason": "its losses are larger"}
    assert client.post("/root/ml/rollback", json=body).status_code == 200
    assert lasting(rows) == [(champion, "active", None)]


@pytest.mark.parametrize("role", [{"role": "shadow"}, {"role": "canary", "share": 0.1}])
@pytest.mark.parametrize("more", [{"keep": "shadow"}, {"expected_active": 1}])
def test_only_who_becomes_active_says_what_goes_with_that(
    client: FlaskClient, deployed: list[int], role: dict[str, Any], more: dict[str, Any]
) -> None:
    answer = give(client, deployed[0], **more, **role)
    assert answer.status_code == 400
    assert answer.get_json()["error"].startswith(f"'{next(iter(more))}'")


def test_a_role_is_given_once_for_a_key_and_a_deployment(client: FlaskClient, deployed: list[int]) -> None:
    before, live, _ = deployed
    once = {"headers": {"Idempotency-Key": "promotion-1"}, "json": {"role": "active", "keep": "shadow"}}
    answers = [client.post(f"{BASE}/{before}/role", **once) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].get_json() == answers[1].get_json()
    of_another = client.post(f"{BASE}/{live}/role", **once)
    assert (of_another.status_code, of_another.get_json()["code"]) == (409, "key_used")
