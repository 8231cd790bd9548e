"""Candidates and snapshots, over the service's own routes: what is live stays live."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from db.loop import DecidedRow, LoopRow
from ml_model.persistence.model.deployment import Artifact
from ml_model.service.training import InThisProcess, Task
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Load, Rows

BASE = "/root/ml/deployments"
SNAPSHOTS = "/root/ml/snapshots"


def ask(client: FlaskClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.status_code == status, answer.json
    return answer.get_json()


def live(client: FlaskClient) -> tuple[int, int]:
    """The deployment that is active, and the one that is spoken to."""
    told: Any = client.get("/root/ml").get_json()
    return told["active"]["id"], told["set"]["id"]


@pytest.fixture
def champion(client: FlaskClient, load: Load) -> int:
    """A live model; all three sets are loaded."""
    load()
    deployment: int = ask(client, "/root/ml/set_model", model_name="SVC")["deployment_id"]
    ask(client, "/root/ml", dataset="training")
    return deployment


def candidate(client: FlaskClient, **fields: Any) -> Any:
    return ask(client, BASE, 201, model_name="LogisticRegression", **fields)


def test_a_candidate_is_trained_scored_and_made_active_and_nothing_else_changed(
    client: FlaskClient, champion: int
) -> None:
    trained = candidate(client, hyperparameters={"C": 0.5})
    assert (trained["chosen_at"], trained["activations"], trained["failure"]) == (None, [], None)
    assert trained["trained_at"] is not None
    assert trained["metrics"]["training"]["accuracy"] > 0.9
    assert live(client) == (champion, champion)
    for dataset in ("testing", "production"):
        score = ask(client, "/root/ml", dataset=dataset, deployment_id=trained["id"])
        assert (score["deployment_id"], score["rows"]) == (trained["id"], 36)
    assert ask(client, "/root/ml", dataset="testing")["deployment_id"] == champion
    seen: Any = client.get(f"{BASE}/{trained['id']}").get_json()
    assert set(seen["metrics"]) == {"training", "testing", "production"}
    assert live(client) == (champion, champion)

    ask(client, f"{BASE}/{trained['id']}/role", role="active", reason="it is better")

    assert live(client) == (trained["id"], trained["id"])
    ask(client, "/root/ml/rollback")
    assert live(client) == (champion, champion)


def test_a_candidate_is_thrown_away_and_its_record_stays(
    client: FlaskClient, champion: int, rows: Rows
) -> None:
    trained = candidate(client)["id"]
    ask(client, "/root/ml", dataset="testing", deployment_id=trained)
    stored = "SELECT count(*) FROM wine.predictions GROUP BY deployment_id ORDER BY deployment_id"
    assert rows(stored) == [(106,), (142,)]

    gone: Any = client.delete(f"{BASE}/{trained}").get_json()

    assert gone["discarded_at"] is not None
    assert rows(stored) == [(106,)]
    assert rows("SELECT id FROM deployments WHERE artifact IS NULL") == [(trained,)]
    assert client.get("/root/ml/audit").get_json()["events"][0]["action"] == "discard"
    for path, body in (
        (f"{BASE}/{trained}/role", {"role": "active"}),
        (f"{BASE}/{trained}/role", {"role": "shadow"}),
        ("/root/ml/rollback", {"deployment_id": trained}),
        ("/root/ml", {"dataset": "testing", "deployment_id": trained}),
    ):
        assert ask(client, path, 409, **body)["code"] == "discarded"
    assert client.delete(f"{BASE}/{trained}").status_code == 409
    assert live(client) == (champion, champion)


def test_a_candidate_that_is_thrown_away_while_it_is_trained_stays_so(
    client: FlaskClient, champion: int, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = InThisProcess.train

    def discarded_meanwhile(trainer: InThisProcess, task: Task, key: bytes) -> Artifact:
        with ThreadPoolExecutor(1) as pool:  # somebody else's request
            another = client.application.test_client()
            assert pool.submit(another.delete, f"{BASE}/{champion + 1}").result().status_code == 200
        return fit(trainer, task, key)

    monkeypatch.setattr(InThisProcess, "train", discarded_meanwhile)
    assert ask(client, BASE, 409, model_name="LogisticRegression")["code"] == "discarded"
    stored = "trained_at, artifact, training, failure, discarded_at IS NULL"
    assert rows(f"SELECT {stored} FROM deployments WHERE id <> {champion}") == [(None,) * 4 + (False,)]  # noqa: S608
    assert rows("SELECT DISTINCT deployment_id FROM wine.predictions") == [(champion,)]


def wait_for_a_lock(rows: Rows) -> None:
    """Until a request waits for what another transaction holds."""
    deadline = time.monotonic() + 20
    while rows("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == [(0,)]:
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.05)


def test_nothing_is_stored_of_a_candidate_that_is_thrown_away_before_its_turn(
    client: FlaskClient, champion: int, rows: Rows, sessions: Sessions
) -> None:
    trained = candidate(client)["id"]
    stored = "SELECT DISTINCT deployment_id FROM wine.predictions ORDER BY 1"
    assert rows(stored) == [(champion,), (trained,)]
    with ThreadPoolExecutor(1) as pool, sessions() as discarding:
        discarding.execute(text(f"DELETE FROM wine.predictions WHERE deployment_id = {trained}"))  # noqa: S608
        gone = f"UPDATE deployments SET discarded_at = now(), artifact = NULL WHERE id = {trained}"  # noqa: S608
        discarding.execute(text(gone))
        asked = pool.submit(ask, client, "/root/ml", 409, dataset="testing", deployment_id=trained)
        wait_for_a_lock(rows)
        discarding.commit()
        assert asked.result()["code"] == "discarded"
    assert rows(stored) == [(champion,)]


@pytest.mark.parametrize(
    "call",
    [
        (f"{BASE}/{{}}", None),
        (f"{BASE}/{{}}/role", {"role": "active"}),
        ("/root/ml/rollback", {}),
        ("/root/ml/rollback", {"deployment_id": "{}"}),
    ],
)
def test_who_changes_what_is_live_and_who_trains_do_not_wait_for_each_other(
    client: FlaskClient, champion: int, sessions: Sessions, rows: Rows, call: tuple[str, Any]
) -> None:
    path, body = call
    trained = candidate(client)["id"]
    if body == {}:  # it was live before
        ask(client, f"{BASE}/{trained}/role", role="active")
        ask(client, f"{BASE}/{champion}/role", role="active")
    method = "DELETE" if body is None else "POST"
    told = None if body is None else {name: value.format(trained) for name, value in body.items()}
    with ThreadPoolExecutor(1) as pool, sessions() as training:
        hold = f"SELECT id FROM deployments WHERE id = {trained} FOR NO KEY UPDATE"  # noqa: S608
        training.execute(text(hold))
        asked = pool.submit(client.open, path.format(trained), json=told, method=method)
        wait_for_a_lock(rows)
        training.execute(text("SET LOCAL lock_timeout = '500ms'"))
        training.execute(text("SELECT name FROM use_cases WHERE name = 'wine' FOR NO KEY UPDATE"))
        training.commit()
        assert asked.result().status_code == 200


def test_what_serves_or_was_set_is_not_thrown_away(client: FlaskClient, champion: int) -> None:
    beside = candidate(client)["id"]
    ask(client, f"{BASE}/{beside}/role", role="shadow")
    codes = [client.delete(f"{BASE}/{each}").get_json() for each in (beside, champion)]
    assert [each["code"] for each in codes] == ["still_used", "no_candidate"]
    assert client.delete(f"{BASE}/99").status_code == 404
    assert client.delete(f"{BASE}/{beside}/role").status_code == 200
    assert client.delete(f"{BASE}/{beside}").status_code == 200


def test_a_candidate_that_cannot_be_trained_leaves_its_failure_and_what_is_live(
    client: FlaskClient, champion: int, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml_model.service.artifacts.LARGEST_ARTIFACT", 100)
    refused = ask(client, BASE, 409, model_name="RandomForest", hyperparameters={"n_estimators": 5})
    assert refused["code"] == "artifact_too_large"
    ((failure, chosen),) = rows("SELECT failure, chosen_at FROM deployments WHERE trained_at IS NULL")
    assert (failure, chosen) == (refused["error"], None)
    assert live(client) == (champion, champion)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"model_name": "Perceptron"}, 400),
        ({"model_name": "SVC", "hyperparameters": {"C": -1}}, 400),
        ({"model_name": "SVC", "hyperparameters": {"D": 1}}, 400),
        ({"model_name": "SVC", "snapshot_id": 99}, 404),
        ({"model_name": "SVC", "snapshot_id": 0}, 400),
        ({"model_name": "SVC", "use_case": "tea"}, 404),
        ({}, 400),
    ],
)
def test_a_candidate_that_cannot_be_is_refused_and_not_recorded(
    client: FlaskClient, champion: int, rows: Rows, fields: dict[str, Any], status: int
) -> None:
    ask(client, BASE, status, **fields)
    assert rows("SELECT id FROM deployments") == [(champion,)]


def test_training_names_no_deployment(client: FlaskClient, champion: int) -> None:
    answer = ask(client, "/root/ml", 400, dataset="training", deployment_id=champion)
    assert "deployment_id" in answer["error"]


def test_the_training_set_is_the_first_snapshot_whoever_takes_it(client: FlaskClient, champion: int) -> None:
    listed: Any = client.get(SNAPSHOTS).get_json()
    ((first),) = listed["snapshots"]
    assert (first["rows"], first["production_until"]) == (106, None)
    assert ask(client, SNAPSHOTS, 201)["id"] == first["id"]
    assert candidate(client)["snapshot_id"] == first["id"]
    assert client.get(f"{BASE}/{champion}").get_json()["snapshot_id"] == first["id"]
    assert client.get(f"{SNAPSHOTS}/{first['id']}").get_json() == first
    assert client.get(f"{SNAPSHOTS}/99").status_code == 404


def test_a_snapshot_stays_as_it_was_while_rows_come_in(
    client: FlaskClient, champion: int, load: Load
) -> None:
    taken = ask(client, SNAPSHOTS, 201, production_until="now")
    assert taken["rows"] == 142
    again = ask(client, SNAPSHOTS, 201, production_until="2026-01-01T00:00:00Z")
    assert again["rows"] == 106  # nothing came in that early, so it is the training set alone

    learned = candidate(client, snapshot_id=taken["id"])
    assert learned["snapshot_id"] == taken["id"]
    assert learned["metrics"]["training"]["accuracy"] > 0.9

    load("production", fouling="heavy")
    gone = ask(client, BASE, 409, model_name="SVC", snapshot_id=taken["id"])
    assert gone["code"] == "snapshot_changed"
    load("production")
    back = ask(client, BASE, 201, model_name="SVC", snapshot_id=str(taken["id"]))
    assert back["snapshot_id"] == taken["id"]


@pytest.mark.parametrize("until", ["yesterday", 5, "2026-01-31T12:00:00", True, ["now"]])
def test_a_time_that_is_none_is_named(client: FlaskClient, champion: int, until: object) -> None:
    answer = ask(client, SNAPSHOTS, 400, production_until=until)
    assert answer["error"].startswith("'production_until'")
    assert "now" in answer["error"]


def test_rows_to_learn_from_must_be_there(client: FlaskClient, load: Load) -> None:
    assert ask(client, SNAPSHOTS, 409)["code"] == "nothing_to_learn"
    load("production")
    assert ask(client, SNAPSHOTS, 201, production_until="now")["rows"] == 36


def test_a_row_that_decides_in_a_loop_is_learned_from_when_that_has_ended(
    client: FlaskClient, champion: int, sessions: Sessions, rows: Rows
) -> None:
    decides = rows("SELECT sample_index FROM wine.samples WHERE dataset_id = 3 ORDER BY 1 LIMIT 30")
    with sessions() as session:
        loop = LoopRow(use_case="wine", policy={}, step="gate", actor="the loop")
        session.add(loop)
        session.flush()
        session.add_all(
            DecidedRow(use_case="wine", sample_index=index, loop_id=loop.id, look=1) for (index,) in decides
        )
        session.commit()
        assert ask(client, SNAPSHOTS, 201, production_until="now")["rows"] == 142 - 30

        loop.outcome, loop.ended_at = "kept", datetime.now(UTC)
        session.commit()
    assert ask(client, SNAPSHOTS, 201, production_until="now")["rows"] == 142
