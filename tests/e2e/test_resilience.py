"""Processes are killed, PostgreSQL and MLflow go away: what was answered stays, and the fleet works on."""

import time
from typing import Any

import pytest

from tests.e2e.conftest import Stack

pytestmark = pytest.mark.e2e

SMALL = {
    "request_information": "optimization",
    "models": ["SVC"],
    "hyperparameters": {"SVC": {"C": [1, 2]}},
    "scoring": "accuracy",
    "cv": 3,
}


def test_killed_services_are_started_again_by_up_and_have_lost_nothing(stack: Stack) -> None:
    for name in ("training", "testing", "production"):
        stack.post("simulator", set_name=name)
    found = stack.post("tracking", "/model_management", **SMALL, experiment_name="killed").json()["data"]
    stack.post("tracking", "/model_management", request_information="setting", run_id=found["run_ids"]["SVC"])
    stack.post("ml_model", dataset="training")
    before = _observed(stack, found["experiment_id"])
    stack.kill("ml_model", "tracking")
    started = stack.launch("up")
    assert started.returncode == 0, started.stdout + started.stderr
    assert _observed(stack, found["experiment_id"]) == before


def _observed(stack: Stack, experiment_id: str) -> list[Any]:
    scored = [stack.post("ml_model", dataset=name).json() for name in ("testing", "production")]
    runs = stack.call("GET", "tracking", "/runs", params={"experiment_id": experiment_id}).json()
    return [*scored, stack.call("GET", "ml_model").json(), runs, stack.call("GET", "simulator").json()]


def test_without_ml_model_its_callers_name_it_and_work_on(stack: Stack) -> None:
    for name in ("training", "testing", "production"):
        stack.post("simulator", set_name=name)
    found = stack.post("tracking", "/model_management", **SMALL, experiment_name="alone").json()["data"]
    setting = {"request_information": "setting", "run_id": found["run_ids"]["SVC"]}
    stack.kill("ml_model")
    answer = stack.post("tracking", "/model_management", **setting)
    assert answer.status_code == 502
    assert "ml_model" in answer.json()["error"]
    assert stack.call("GET", "tracking", "/experiments").status_code == 200
    assert stack.launch("up").returncode == 0
    assert stack.post("tracking", "/model_management", **setting).status_code == 200


def test_without_mlflow_tracking_says_so_and_works_again_when_it_is_back(stack: Stack) -> None:
    stack.post("simulator", set_name="training")
    stack.kill("mlflow")
    started = time.monotonic()
    for answer in (
        stack.call("GET", "tracking", "/experiments"),
        stack.post("tracking", "/model_management", **SMALL, experiment_name="never_made"),
    ):
        assert answer.status_code == 503
        assert "MLflow" in answer.json()["error"]
    assert time.monotonic() - started < 60
    assert stack.launch("up").returncode == 0
    names = [e["name"] for e in stack.call("GET", "tracking", "/experiments").json()["data"]]
    assert "never_made" not in names


def test_without_postgresql_every_service_says_so_and_works_again_when_it_is_back(stack: Stack) -> None:
    stack.kill("postgres")
    answers = [
        stack.post("simulator", set_name="training"),
        stack.post("ml_model", dataset="training"),
        stack.post("monitoring", metric="summary"),
        stack.post("tracking", "/model_management", **SMALL, experiment_name="never_made_either"),
    ]
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.json()["message"]
        assert "psycopg" not in answer.text
    assert stack.launch("up").returncode == 0
    assert stack.post("simulator", set_name="training").status_code == 200
    assert stack.call("GET", "ml_model").status_code == 200
    names = [e["name"] for e in stack.call("GET", "tracking", "/experiments").json()["data"]]
    assert "never_made_either" not in names
