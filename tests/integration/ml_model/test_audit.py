"""Who set, trained and activated which model, and who loaded which set."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from ml_model.config.settings import MlModelSettings
from ml_model.service import training
from ml_model.service.fitting import TrainingFailedError
from ml_model.web.app import create_app
from tests.accounts import API_KEYS, KEYS, USERS, basic, bearer
from tests.integration.ml_model.conftest import KEY, Load, Rows

AUDIT = "/root/ml/audit"


@pytest.fixture
def guarded(database_url: str, load: Load) -> FlaskClient:
    """The app with users; the training set is loaded by nobody in particular."""
    load("training")
    told: dict[str, Any] = {"users": USERS, "api_keys": API_KEYS}
    return create_app(
        MlModelSettings(database_url=SecretStr(database_url), artifact_key=SecretStr(KEY), **told),
        trainer=training.InThisProcess(),
    ).test_client()


def set_model(client: FlaskClient, headers: dict[str, str]) -> int:
    return client.post("/root/ml/set_model", json={"model_name": "SVC"}, headers=headers).status_code


def train(client: FlaskClient, headers: dict[str, str]) -> int:
    return client.post("/root/ml", json={"dataset": "training"}, headers=headers).status_code


def events(client: FlaskClient, **query: Any) -> Any:
    answer = client.get(AUDIT, query_string=query, headers=basic("alice"))
    assert answer.status_code == 200, answer.json
    return answer.get_json()


def test_every_change_is_written_down_with_its_actor_and_request(guarded: FlaskClient, rows: Rows) -> None:
    set_model(guarded, {**basic("alice"), "X-Request-ID": "r-set"})
    train(guarded, {**bearer(KEYS["robot"]), "X-Request-ID": "r-train"})
    told = [
        (event["service"], event["action"], event["subject"], event["actor"], event["request_id"])
        for event in events(guarded)["events"][:3]
    ]
    assert told == [
        ("ml_model", "activate", "1", "robot", "r-train"),
        ("ml_model", "train", "1", "robot", "r-train"),
        ("ml_model", "set_model", "1", "alice", "r-set"),
    ]
    assert rows("SELECT actor FROM deployments") == [("alice",)]
    assert rows("SELECT actor FROM activations") == [("robot",)]


def test_a_deployment_made_by_training_again_is_the_trainers(guarded: FlaskClient, rows: Rows) -> None:
    set_model(guarded, basic("alice"))
    train(guarded, basic("alice"))
    train(guarded, bearer(KEYS["robot"]))
    assert rows("SELECT id, actor FROM deployments ORDER BY id") == [(1, "alice"), (2, "robot")]
    assert [event["subject"] for event in events(guarded)["events"][:2]] == ["2", "2"]


def test_loads_of_the_simulator_are_in_the_same_trail(guarded: FlaskClient) -> None:
    (event,) = events(guarded)["events"]
    told = {name: event[name] for name in ("service", "action", "use_case", "subject", "actor")}
    assert told == {
        "service": "simulator",
        "action": "load_set",
        "use_case": "wine",
        "subject": "training",
        "actor": "anonymous",
    }
    assert event["request_id"]
    assert event["at"].endswith("Z")


def test_what_is_refused_leaves_nothing(guarded: FlaskClient) -> None:
    before = events(guarded)
    assert set_model(guarded, basic("bob")) == 403
    unknown = {"model_name": "Tree"}
    assert guarded.post("/root/ml/set_model", json=unknown, headers=basic("alice")).status_code == 400
    assert train(guarded, basic("alice")) == 409
    assert events(guarded) == before


def test_a_training_that_failed_is_written_down_too(
    guarded: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_model(guarded, basic("alice"))

    def fail(*_: object) -> None:
        raise TrainingFailedError("SVC", "no")

    monkeypatch.setattr(training, "fit", fail)
    assert train(guarded, basic("alice")) >= 400
    assert events(guarded)["events"][0]["action"] == "train_failed"


def test_the_trail_is_read_a_page_at_a_time_and_by_use_case(guarded: FlaskClient) -> None:
    for _ in range(3):
        set_model(guarded, basic("alice"))
    first = events(guarded, limit=3)
    rest = events(guarded, limit=3, page_token=first["next_page_token"])
    assert [event["action"] for event in first["events"] + rest["events"]] == ["set_model"] * 3 + ["load_set"]
    assert rest["next_page_token"] is None
    assert events(guarded, use_case="beer") == {"events": [], "next_page_token": None}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "page_token=x", "page_token=", "page_token=WyJ4Il0", "sort=at"],
)
def test_what_a_page_cannot_be_asked_for_is_400(guarded: FlaskClient, query: str) -> None:
    answer = guarded.get(f"{AUDIT}?{query}", headers=basic("alice"))
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.get_json()["error"]


def test_the_trail_is_for_admins(guarded: FlaskClient) -> None:
    assert guarded.get(AUDIT, headers=basic("bob")).status_code == 403
    assert guarded.get(AUDIT).status_code == 401
