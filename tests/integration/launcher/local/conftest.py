import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.local.processes import Processes, Service

FakeService = Callable[[str, int], Service]
NAME = "fake"


@pytest.fixture
def fake_service() -> FakeService:
    """Makes the plan of a service with this behaviour and port."""

    def plan(behaviour: str, port: int) -> Service:
        script = Path(__file__).parent / "fake_service.py"
        return Service(
            name=NAME,
            command=(sys.executable, str(script), behaviour, str(port)),
            port=port,
            port_setting="FAKE_PORT",
            ready_path="/health/ready",
            page="/",
            told={"FAKE_SETTING": "given"},
        )

    return plan


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    """Processes recorded in the test's own folder, with short patience; none is left at the end."""
    monkeypatch.setattr("launcher.local.processes.LEADER_SECONDS", 1.0)
    monkeypatch.setattr("launcher.local.processes.REST_SECONDS", 1.0)
    started = Processes(tmp_path / "run", tmp_path / "logs")
    yield started
    started.stop([NAME])
