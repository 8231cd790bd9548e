"""Credentials in containers: who gets in, and that the services still speak to each other."""

import uuid
from pathlib import Path

import pytest
import requests

from tests.compose.guarded import GuardedStack
from tests.compose.stack import WEB_SERVICES, ComposeStack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SEARCH = {
    "request_information": "optimization",
    "models": ["LogisticRegression"],
    "hyperparameters": {"LogisticRegression": {"C": [1]}},
    "scoring": "accuracy",
    "cv": 3,
    "experiment_name": "guarded",
}


@pytest.mark.parametrize("service", WEB_SERVICES)
def test_users_are_asked_for_and_let_in(guarded: GuardedStack, service: str) -> None:
    def status(**request: object) -> int:
        return requests.get(f"{guarded.address(service)}/openapi.json", timeout=30, **request).status_code  # type: ignore[arg-type]

    assert status() == 401
    assert status(auth=("bob", guarded.passwords["bob"])) == 200
    assert status(headers={"Authorization": f"Bearer {guarded.key}"}) == 200


def test_siblings_speak_to_each_other_on_behalf_of_the_caller(guarded: GuardedStack) -> None:
    for name in ("training", "testing", "production"):
        assert guarded.post("simulator", set_name=name).status_code == 200
    found = guarded.post("tracking", "/model_management", **SEARCH)
    assert found.status_code == 200, found.text
    run = guarded.call("GET", "tracking", "/runs?experiment_name=guarded").json()
    run_id = next(value for value in _values(run) if isinstance(value, str) and len(value) == 32)
    setting = {"request_information": "setting", "run_id": run_id}
    assert guarded.post("tracking", "/model_management", **setting).status_code == 200
    for name in ("training", "testing", "production"):
        assert guarded.post("ml_model", dataset=name).status_code == 200
    judged = guarded.post("monitoring", metric="summary", retrain=True)
    assert judged.status_code == 200, judged.text
    audit = guarded.call("GET", "ml_model", "/audit").text
    assert "robot" in audit
    assert "anonymous" not in audit


def _values(value: object) -> list[object]:
    if isinstance(value, dict):
        return [each for part in value.values() for each in _values(part)]
    if isinstance(value, list):
        return [each for part in value for each in _values(part)]
    return [value]


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
