"""Runs of several experiments beside each other."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient

from db.embedded import EmbeddedPostgres
from tests.conftest import fresh_database
from tests.integration.tracking.conftest import MANAGEMENT, SMALL, load_wine_training, settings_on
from tests.mlflow_server import MlflowServer
from tests.working import working
from tracking.web.app import create_app

LEADERBOARD = "/root/tracking/leaderboard"
COMPARE = "/root/tracking/compare"
Recorded = Mapping[str, str]


@pytest.fixture(scope="module")
def client(postgres: EmbeddedPostgres, template: str, mlflow_server: MlflowServer) -> Iterator[FlaskClient]:
    """The app, on wine's training set. These tests only read: what they read is made once."""
    with fresh_database(postgres, template) as url:
        load_wine_training(url)
        settings = settings_on(url, mlflow_server)
        with working("tracking", settings):
            yield create_app(settings).test_client()


@pytest.fixture(scope="module")
def recorded(client: FlaskClient) -> Recorded:
    """Run ids of three searches: two of the same model in two experiments, and a hopeless one."""
    name = f"test {uuid.uuid4().hex}"
    hopeless = {"RandomForest": {"n_estimators": [1], "max_depth": [1]}}
    changes: list[dict[str, Any]] = [
        {},
        {"experiment_name": f"{name}, other", "preprocessing": "none"},
        {"models": ["RandomForest"], "hyperparameters": hopeless},
    ]
    answers = [client.post(MANAGEMENT, json={**SMALL, "experiment_name": name, **each}) for each in changes]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    found = [answer.get_json()["data"]["run_ids"] for answer in answers]
    return {
        "scaled": found[0]["LogisticRegression"],
        "unscaled": found[1]["LogisticRegression"],
        "hopeless": found[2]["RandomForest"],
    }


def leaderboard(client: FlaskClient, **query: Any) -> Any:
    answer = client.get(LEADERBOARD, query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["data"]


def test_the_leaderboard_ranks_the_runs_of_all_experiments(
    client: FlaskClient, recorded: Recorded, mlflow_client: MlflowClient
) -> None:
    board = leaderboard(client, limit=500)
    assert board["metric"] == "model_accuracy"
    places = {run["run_id"]: run for run in board["runs"]}
    assert places[recorded["scaled"]]["rank"] < places[recorded["hopeless"]]["rank"]
    assert places[recorded["scaled"]]["experiment_id"] != places[recorded["unscaled"]]["experiment_id"]
    scores = [run["metrics"]["model_accuracy"] for run in board["runs"]]
    assert scores == sorted(scores, reverse=True)
    assert [run["rank"] for run in board["runs"]] == [*range(1, len(scores) + 1)]
    mlflow_client.delete_run(recorded["scaled"])
    try:
        assert recorded["scaled"] not in {run["run_id"] for run in leaderboard(client, limit=500)["runs"]}
    finally:
        mlflow_client.restore_run(recorded["scaled"])


def test_the_leaderboard_may_be_of_what_is_better_when_lower(client: FlaskClient, recorded: Recorded) -> None:
    board = leaderboard(client, metric="system_execution_time", limit=2)
    assert recorded
    seconds = [run["metrics"]["system_execution_time"] for run in board["runs"]]
    assert len(seconds) == 2
    assert seconds == sorted(seconds)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"metric": "luck"}, 400, "metric"),
        ({"limit": 0}, 400, "limit"),
        ({"use_case": "beer"}, 404, "beer"),
        ({"experiment_id": "1"}, 400, "experiment_id"),
    ],
)
def test_what_cannot_be_ranked_is_named(
    client: FlaskClient, query: dict[str, Any], status: int, said: str
) -> None:
    answer = client.get(LEADERBOARD, query_string=query)
    assert answer.status_code == status
    assert said in answer.get_json()["error"]


def test_two_runs_are_compared_by_what_differs_and_class_by_class(
    client: FlaskClient, recorded: Recorded
) -> None:
    asked = [("run_id", recorded["scaled"]), ("run_id", recorded["hopeless"])]
    data = client.get(COMPARE, query_string=asked).get_json()["data"]
    assert [run["model"] for run in data["runs"]] == ["LogisticRegression", "RandomForest"]
    assert data["params"]["model_max_depth"] == [None, "1"]
    assert "data_samples" not in data["params"]
    accuracies = [run["metrics"]["model_accuracy"] for run in data["runs"]]
    assert data["metrics"]["model_accuracy"] == accuracies
    assert set(data["per_class"]) == {"0", "1", "2"}
    for values in data["per_class"].values():
        assert set(values) == {"precision", "recall", "f1_score"}
    assert not [name for name in data["metrics"] if name.startswith("class_")]


def test_a_run_is_as_it_is_itself(client: FlaskClient, recorded: Recorded) -> None:
    data = client.get(COMPARE, query_string=[("run_id", recorded["scaled"])] * 2).get_json()["data"]
    assert data["params"] == {}
    assert all(first == second for first, second in data["metrics"].values())


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda runs: [("run_id", runs["scaled"])], 400),
        (lambda runs: [("run_id", runs["scaled"])] * 3, 400),
        (lambda runs: [], 400),
        (lambda runs: [("run_id", runs["scaled"]), ("run_id", "0" * 32)], 404),
    ],
)
def test_what_cannot_be_compared_is_told(
    client: FlaskClient, recorded: Recorded, make: Callable[[Recorded], list[tuple[str, str]]], status: int
) -> None:
    answer = client.get(COMPARE, query_string=make(recorded))
    assert answer.status_code == status
    assert "run_id" in answer.get_json()["error"] or "0000" in answer.get_json()["error"]
