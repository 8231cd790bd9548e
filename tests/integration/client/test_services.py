"""The client against services that run in earnest and ask for credentials."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client import ConflictError, Fleet, ForbiddenError, InvalidError, UnauthorizedError
from fleet.credentials import make_key, user_line
from tests.conftest import free_port
from tests.running import RunningService, running_service

pytestmark = pytest.mark.slow

PASSWORD = "päss wörd €"


@pytest.fixture
def keys() -> dict[str, tuple[str, str]]:
    """By role: a key, and its line."""
    return {"admin": make_key("robot", "admin"), "user": make_key("reader", "user")}


@pytest.fixture
def services(
    database_url: str, tmp_path: Path, keys: dict[str, tuple[str, str]]
) -> Iterator[dict[str, RunningService]]:
    """The simulator and ml_model, with a user and two keys."""
    users, api_keys = tmp_path / "users", tmp_path / "keys"
    users.write_text(f"{user_line('alice', 'admin', PASSWORD)}\n", encoding="utf-8")
    api_keys.write_text("".join(f"{line}\n" for _, line in keys.values()), encoding="utf-8")
    told: dict[str, Any] = {
        "database_url": database_url,
        "users_file": str(users),
        "api_keys_file": str(api_keys),
    }
    with (
        running_service("simulator", tmp_path, **told) as simulator,
        running_service("ml_model", tmp_path, artifact_key="a key of the test", **told) as ml_model,
    ):
        yield {"simulator": simulator, "ml_model": ml_model}


def test_who_may_what_and_who_did_what(
    services: dict[str, RunningService],
    keys: dict[str, tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A proxy that the environment names, and that is not there, is none of the client's business.
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    simulator, ml_model = services["simulator"].address, services["ml_model"].address

    with Fleet(simulator=simulator) as nobody, pytest.raises(UnauthorizedError, match="Invalid credentials"):
        nobody.simulator.describe()
    with Fleet(simulator=simulator, api_key=keys["user"][0], request_ids=lambda: "of-the-test") as reader:
        assert set(reader.simulator.describe().sets) == {"training", "testing", "production"}
        with pytest.raises(ForbiddenError, match="admin") as forbidden:
            reader.simulator.load("training")
    assert forbidden.value.request_id == "of-the-test"
    assert "of-the-test" in services["simulator"].log.read_text(encoding="utf-8")
    with Fleet(simulator=simulator, ml_model=ml_model, api_key=keys["admin"][0]) as robot:
        with pytest.raises(ConflictError, match="set_model"):
            robot.ml_model.train()
        with pytest.raises(InvalidError, match="Model not Found"):
            robot.ml_model.set_model("Perceptron")
        once, again = (robot.ml_model.set_model("SVC", idempotency_key="key-1") for _ in range(2))
        assert once == again
        for _ in range(3):
            assert robot.simulator.load("training").rows == 106
    with Fleet(simulator=simulator, ml_model=ml_model, auth=("alice", PASSWORD)) as alice:
        alice.simulator.load("testing")
        events = list(alice.ml_model.audit(page_size=2))
    assert [(event.actor, event.subject) for event in events] == [
        ("alice", "testing"),
        *[("robot", "training")] * 3,
        ("robot", str(once.deployment_id)),
    ]
    assert events[0].at.utcoffset() is not None


def test_a_path_of_ones_own_is_called(database_url: str, tmp_path: Path) -> None:
    with running_service(
        "simulator", tmp_path, database_url=database_url, base_url="/data", service_url="/sim"
    ) as service:
        paths = {"simulator": "/data/sim"}
        assert Fleet(simulator=service.address, paths=paths).simulator.load("dataset").rows == 3
