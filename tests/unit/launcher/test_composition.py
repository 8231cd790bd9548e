import io
from pathlib import Path

import pytest
from rich.console import Console

from launcher import composition
from launcher.composition import Launch, OtherWayRunsError, Way, held_way, remember
from launcher.docker.engine import EngineUnavailableError
from launcher.interrupts import Interrupts
from launcher.settings import InvalidSettingError


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty state folder on a machine with Docker."""
    monkeypatch.setenv("MLFLEET_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("MLFLEET_POSTGRES_URL", "")
    monkeypatch.setattr(composition, "engine_problem", lambda: None)
    monkeypatch.setattr(composition, "check_engine", lambda: None)
    return tmp_path


def launch(asked: Way | None = None) -> Launch:
    return Launch(asked, Console(file=io.StringIO()), Interrupts())


def test_starting_is_refused_while_the_stack_runs_the_other_way(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(Way.LOCAL, state)
    monkeypatch.setattr(composition, "runs_locally", lambda folder: folder == state)

    with pytest.raises(OtherWayRunsError) as caught:
        launch(Way.DOCKER).remember()

    assert "./launch.sh down --local" in caught.value.message
    assert held_way(state) is Way.LOCAL


def test_the_way_can_be_changed_while_nothing_runs(state: Path) -> None:
    remember(Way.LOCAL, state)

    launch(Way.DOCKER).remember()

    assert held_way(state) is Way.DOCKER


def test_looking_remembers_nothing(state: Path) -> None:
    assert launch().way is Way.DOCKER
    assert list(state.iterdir()) == []


def test_a_server_of_ones_own_means_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLEET_POSTGRES_URL", "postgresql://me@127.0.0.1/postgres")

    assert launch().way is Way.LOCAL


def test_containers_beside_a_server_of_ones_own_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLEET_POSTGRES_URL", "postgresql://me@127.0.0.1/postgres")

    with pytest.raises(InvalidSettingError, match="MLFLEET_POSTGRES_URL"):
        launch(Way.DOCKER)


def test_asking_for_containers_without_an_engine_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr("launcher.docker.engine.engine_problem", lambda: "Docker is not installed")

    with pytest.raises(EngineUnavailableError, match="not installed"):
        launch(Way.DOCKER)
