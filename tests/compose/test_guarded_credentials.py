"""Credentials in containers: who gets in, and that the services still speak to each other."""

import time
import uuid
from pathlib import Path

import pytest
import requests

from fleet.services import SERVICES
from launcher.loops import end_loop
from tests.compose.guarded import GuardedStack
from tests.compose.stack import ComposeStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
def test_users_are_asked_for_and_let_in(guarded: GuardedStack, service: str) -> None:
    def status(**request: object) -> int:
        return requests.get(f"{guarded.address(service)}/openapi.json", timeout=30, **request).status_code  # type: ignore[arg-type]

    assert status() == 401
    assert status(auth=("bob", guarded.passwords["bob"])) == 200
    assert status(headers={"Authorization": f"Bearer {guarded.key}"}) == 200


def test_siblings_speak_to_each_other_on_behalf_of_the_caller(guarded: GuardedStack) -> None:
    fleet = guarded.fleet
    fleet.simulator.load("training")
    fleet.simulator.load("testing")
    fleet.simulator.load("production")
    found = fleet.tracking.optimise(
        ["LogisticRegression"], {"LogisticRegression": {"C": [1]}}, experiment_name="guarded", cv=3
    )
    fleet.tracking.set_model(found.run_ids["LogisticRegression"])
    fleet.ml_model.train()
    fleet.ml_model.score("testing")
    fleet.ml_model.score("production")
    assert {event.actor for event in fleet.ml_model.audit()} == {"robot"}
    begun = fleet.monitoring.summary(retrain=True).retraining
    assert begun is not None
    end = time.monotonic() + 120
    while not any(step.name == "search" for step in fleet.monitoring.loop(begun.loop_id).steps):
        assert time.monotonic() < end, fleet.monitoring.loop(begun.loop_id)
        time.sleep(0.5)
    assert end_loop(fleet, "wine") == begun.loop_id
    assert fleet.monitoring.loop(begun.loop_id).outcome == "aborted"


def test_open_to_others_without_users_does_not_start_and_says_so(docker: None, tmp_path: Path) -> None:
    told = {"PUBLISH_ADDRESS": "0.0.0.0"}  # noqa: S104  # that is the point
    bare = ComposeStack(tmp_path / "open", project=f"mlfleet-open-{uuid.uuid4().hex[:8]}", told=told)
    try:
        refused = bare.launch("up")
        assert refused.returncode == 1
        assert "Traceback" not in refused.stderr
        (line,) = [each for each in refused.stderr.splitlines() if "credentials are required" in each]
        assert "./launch.sh user add NAME --role admin" in line
    finally:
        bare.launch("down", "--purge", "--yes")
