"""Processes are killed, PostgreSQL and MLflow go away: what was answered stays, and the fleet works on."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from client import CallError, FailedError
from client.experiments import Search
from client.simulator import SetName
from tests.e2e.conftest import Stack

pytestmark = pytest.mark.e2e

SETS: tuple[SetName, ...] = ("training", "testing", "production")


def load(stack: Stack) -> None:
    for name in SETS:
        stack.fleet.simulator.load(name)


def search(stack: Stack, name: str) -> Search:
    """A small one."""
    return stack.fleet.tracking.optimise(["SVC"], {"SVC": {"C": [1, 2]}}, cv=3, experiment_name=name)


def refusal(call: Callable[[], object]) -> FailedError:
    """How a call is refused while something that it needs is away."""
    with pytest.raises(CallError) as raised:
        call()
    assert isinstance(raised.value, FailedError), raised.value
    return raised.value


def names(stack: Stack) -> list[str]:
    return [each.name for each in stack.fleet.tracking.experiments()]


def test_killed_services_are_started_again_by_up_and_have_lost_nothing(stack: Stack) -> None:
    load(stack)
    found = search(stack, "killed")
    stack.fleet.tracking.set_model(found.run_ids["SVC"])
    stack.fleet.ml_model.train()
    before = _observed(stack, found.experiment_id)
    stack.kill("ml_model", "tracking")
    started = stack.launch("up")
    assert started.returncode == 0, started.stdout + started.stderr
    assert _observed(stack, found.experiment_id) == before


def _observed(stack: Stack, experiment_id: str) -> list[Any]:
    fleet = stack.fleet
    scored = [fleet.ml_model.score("testing"), fleet.ml_model.score("production")]
    runs = list(fleet.tracking.runs(experiment_id))
    return [*scored, fleet.ml_model.describe(), runs, fleet.simulator.describe()]


def test_without_ml_model_its_callers_name_it_and_work_on(stack: Stack) -> None:
    load(stack)
    run_id = search(stack, "alone").run_ids["SVC"]
    stack.kill("ml_model")
    refused = refusal(lambda: stack.fleet.tracking.set_model(run_id))
    assert refused.status == 502
    assert "ml_model" in refused.error
    assert names(stack)
    assert stack.launch("up").returncode == 0
    assert stack.fleet.tracking.set_model(run_id).deployment_id


def test_without_mlflow_tracking_says_so_and_works_again_when_it_is_back(stack: Stack) -> None:
    stack.fleet.simulator.load("training")
    stack.kill("mlflow")
    started = time.monotonic()
    for refused in (refusal(lambda: names(stack)), refusal(lambda: search(stack, "never_made"))):
        assert refused.status == 503
        assert "MLflow" in refused.error
    assert time.monotonic() - started < 60
    assert stack.launch("up").returncode == 0
    assert "never_made" not in names(stack)


def test_without_postgresql_every_service_says_so_and_works_again_when_it_is_back(stack: Stack) -> None:
    fleet = stack.fleet
    stack.kill("postgres")
    for refused in (
        refusal(lambda: fleet.simulator.load("training")),
        refusal(fleet.ml_model.train),
        refusal(fleet.monitoring.summary),
        refusal(lambda: search(stack, "never_made_either")),
    ):
        assert refused.status == 503
        assert refused.body["message"]
        assert "psycopg" not in str(refused.body)
    assert stack.launch("up").returncode == 0
    assert fleet.simulator.load("training").rows == 106
    assert fleet.ml_model.describe().newest
    assert "never_made_either" not in names(stack)
