import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from launcher.docker.project import Project
from launcher.docker.starting import ContainerFailedError, Starting, complaint
from launcher.log_ends import last_words
from launcher.settings import LauncherSettings
from tests.unit.launcher.docker.test_containers import READY

REFUSED = 'The dataset database cannot be reached: FATAL: password authentication failed for user "dataset"'


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], "it wrote no log"),
        (
            ["2026-01-01 INFO app: starting", "SIMULATOR_LOG_LEVEL: loud is none", "Correct it", ""],
            "SIMULATOR_LOG_LEVEL: loud is none. Correct it",
        ),
        ([REFUSED] * 3, REFUSED),
        (
            ['[1] FATAL:  could not write "postmaster.pid": No space', "[1] LOG:  is shut down"],
            '[1] FATAL:  could not write "postmaster.pid": No space. [1] LOG:  is shut down',
        ),
    ],
    ids=["nothing", "two sentences", "repeated", "of others"],
)
def test_what_a_program_ended_with_is_told(lines: list[str], expected: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(lines))
    assert last_words(log) == expected


def test_one_that_runs_is_told_by_its_own_words() -> None:
    body = {"code": "unavailable", "error": "PostgreSQL is away", "message": "Start it"}
    assert complaint(f"503 {json.dumps(body)}\n") == "PostgreSQL is away. Start it"


@pytest.mark.parametrize("said", ["", "it does not answer: refused", "200 []", "503 {}", "x 1"])
def test_of_what_does_not_answer_there_are_no_words(said: str) -> None:
    assert complaint(said) == ""


@pytest.fixture
def starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starting:
    """Compose fails the first time; the container has run all along."""
    once = f"[ -e {tmp_path}/tried ] || {{ touch {tmp_path}/tried; echo tracking is unhealthy; exit 1; }}"
    monkeypatch.setattr(Project, "compose", lambda self, *_: ["sh", "-c", once])
    project = Project(LauncherSettings.from_environment({}))
    return Starting(project, tmp_path, {READY.id: READY})


@pytest.mark.parametrize(("health", "recovers"), [("unhealthy", True), ("healthy", False)])
def test_one_that_lacks_what_is_being_started_is_waited_for(
    starting: Starting, monkeypatch: pytest.MonkeyPatch, health: str, *, recovers: bool
) -> None:
    running = {READY.id: replace(READY, health=health)}
    monkeypatch.setattr(Project, "containers", lambda self: running)
    console = Console(file=io.StringIO())
    if recovers:
        assert not starting.run(console, {}, 30)
    else:
        with pytest.raises(ContainerFailedError, match="tracking is unhealthy"):
            starting.run(console, {}, 30)


def test_one_that_does_not_recover_is_told_when_time_is_up(
    starting: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Project, "compose", lambda self, *_: ["false"])
    monkeypatch.setattr(Project, "containers", lambda self: {READY.id: replace(READY, health="unhealthy")})
    monkeypatch.setattr(Project, "write_log", lambda self, container, log: log.write_text("MLflow is away"))
    with pytest.raises(ContainerFailedError, match="was not ready within 1 s"):
        starting.run(Console(file=io.StringIO()), {}, 1)
