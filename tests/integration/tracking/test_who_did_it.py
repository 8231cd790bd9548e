"""Who optimised, deleted and set: in the runs' tags and in the audit trail, ml_model's part included."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from pydantic import SecretStr
from sqlalchemy import text
from werkzeug.serving import make_server

from ml_model.config.settings import MlModelSettings
from ml_model.web.app import create_app as create_ml_model
from tests.accounts import API_KEYS, KEYS, USERS, basic
from tests.conftest import Sessions
from tests.integration.tracking.conftest import EXPERIMENTS, MANAGEMENT, RUNS
from tests.mlflow_server import MlflowServer
from tracking.config.settings import TrackingSettings
from tracking.web.app import create_app

TRAIL = "SELECT service, action, subject, use_case, actor, request_id FROM audit_events ORDER BY id"


def trail(sessions: Sessions) -> list[tuple[Any, ...]]:
    with sessions() as session:
        return [tuple(row) for row in session.execute(text(TRAIL))]


@pytest.fixture
def search(training: int, small: dict[str, Any], name: str) -> dict[str, Any]:
    """A small optimisation on rows that are loaded, under a name of its own."""
    assert training
    return {**small, "experiment_name": name}


def test_runs_and_deletions_name_the_user_and_the_request(
    settings: TrackingSettings,
    mlflow_client: MlflowClient,
    search: dict[str, Any],
    sessions: Sessions,
) -> None:
    guarded = settings.model_copy(update={"users": USERS, "api_keys": API_KEYS})
    client = create_app(guarded).test_client()

    def send(method: str, path: str, request_id: str, **sent: Any) -> Any:
        headers = {**basic("alice"), "X-Request-ID": request_id}
        answer = client.open(path, method=method, headers=headers, **sent)
        assert answer.status_code < 300, answer.get_json()
        return answer.get_json()

    made = send("POST", MANAGEMENT, "r-search", json=search)["data"]
    experiment_id, (run_id,) = made["experiment_id"], made["run_ids"].values()
    tags = mlflow_client.get_run(run_id).data.tags
    assert (tags["mlflow.user"], tags["request_id"]) == ("alice", "r-search")
    send("DELETE", RUNS, "r-run", query_string={"experiment_id": experiment_id, "run_id": run_id})
    send("DELETE", EXPERIMENTS, "r-experiment", query_string={"experiment_id": f"0{experiment_id}"})
    assert trail(sessions)[-2:] == [
        ("tracking", "delete_run", run_id, "wine", "alice", "r-run"),
        ("tracking", "delete_experiment", experiment_id, None, "alice", "r-experiment"),
    ]


def test_what_mlflow_did_not_delete_is_not_in_the_trail(
    client: FlaskClient, sessions: Sessions, mlflow_server: MlflowServer
) -> None:
    del mlflow_server
    assert client.delete(EXPERIMENTS, query_string={"experiment_id": "987654"}).status_code == 404
    assert [event for event in trail(sessions) if event[0] == "tracking"] == []


@pytest.fixture
def ml_model(settings: TrackingSettings) -> Iterator[str]:
    """The address of a real ml_model that asks for credentials, on the same database."""
    told: dict[str, Any] = {"users": USERS, "api_keys": API_KEYS, "artifact_key": SecretStr("k" * 16)}
    app = create_ml_model(MlModelSettings(database_url=settings.database_url, **told))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/root/ml"
    server.shutdown()
    thread.join()
    server.server_close()


def test_ml_model_is_told_on_whose_behalf_a_model_is_set(
    settings: TrackingSettings,
    ml_model: str,
    search: dict[str, Any],
    sessions: Sessions,
) -> None:
    def tracking(key: str) -> FlaskClient:
        told = {"users": USERS, "ml_model_url": ml_model, "sibling_key": SecretStr(key)}
        return create_app(settings.model_copy(update=told)).test_client()

    def send(client: FlaskClient, who: str, body: dict[str, Any]) -> Any:
        return client.post(MANAGEMENT, json=body, headers={**basic(who), "X-Request-ID": f"r-{who}"})

    known, unknown = tracking(KEYS["tracking"]), tracking("mlfleet_unknown")
    made = send(known, "alice", search).get_json()["data"]
    setting = {"request_information": "setting", "run_id": next(iter(made["run_ids"].values()))}
    assert send(known, "bob", setting).status_code == 403
    refused = send(unknown, "alice", setting)
    assert (refused.status_code, "API key" in refused.get_json()["error"]) == (502, True)
    done = send(known, "alice", setting)
    assert done.status_code == 200, done.get_json()
    assert trail(sessions)[-1] == (
        "ml_model",
        "set_model",
        str(done.get_json()["deployment_id"]),
        "wine",
        "alice",
        "r-alice",
    )
