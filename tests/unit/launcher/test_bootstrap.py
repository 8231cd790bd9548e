import signal
import sys
import time
from pathlib import Path

import pytest

from launcher import bootstrap


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose environment looks complete but for its stamps."""
    venv = tmp_path / "venv"
    venv.mkdir()
    monkeypatch.setattr(bootstrap, "PROJECT", tmp_path)
    monkeypatch.setattr(bootstrap, "STATE", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", venv)
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / "install.log")
    monkeypatch.setattr(bootstrap, "UNFINISHED", tmp_path / "venv.unfinished")
    (tmp_path / "constraints.txt").touch()
    return tmp_path


def interrupt(command: list[str]) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_installation_for_the_tests_keeps_the_environment(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "_run", interrupt)

    with pytest.raises(KeyboardInterrupt):
        bootstrap.prepare("tests")

    assert not bootstrap.UNFINISHED.exists()


def test_an_interrupted_installation_for_the_tests_is_done_again(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "_run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.prepare("tests")
    monkeypatch.setattr(bootstrap, "_run", commands.append)

    bootstrap.prepare("tests")
    bootstrap.prepare("tests")

    assert ["tests/requirements.txt" in command for command in commands] == [True]


def test_an_interrupted_installation_for_the_launcher_remakes_the_environment(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "_run", interrupt)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.prepare("launcher")
    monkeypatch.setattr(bootstrap, "_run", commands.append)
    bootstrap.VENV.joinpath("half").touch()

    with pytest.raises(FileNotFoundError):  # the stamp's folder: nothing really makes the environment here
        bootstrap.prepare("launcher")

    assert "venv" in commands[0]
    assert not bootstrap.VENV.exists()


def test_an_interrupted_command_may_clean_up(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied = state / "tidied"
    script = (
        "import pathlib, signal, sys, time\n"
        f"def tidy(*_): time.sleep(0.2); pathlib.Path({str(tidied)!r}).touch(); sys.exit()\n"
        "signal.signal(signal.SIGTERM, tidy)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )

    def interrupted(number: int, line: str) -> None:
        if line == "ready":
            raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "_show", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bootstrap._run([sys.executable, "-c", script])  # noqa: SLF001  # the only way in without pip

    assert tidied.exists()


def test_a_command_that_does_not_end_is_killed(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(number: int, line: str) -> None:
        if line == "ready":
            raise KeyboardInterrupt

    script = (
        "import signal, time\n"
        f"signal.signal({int(signal.SIGTERM)}, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setattr(bootstrap, "_show", interrupted)
    monkeypatch.setattr("launcher.background.PATIENCE_SECONDS", 0.1)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        bootstrap._run([sys.executable, "-c", script])  # noqa: SLF001  # the only way in without pip

    assert time.monotonic() - started < 30


def test_the_packages_of_the_local_way_are_installed_when_the_launcher_asks(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "_run", commands.append)
    monkeypatch.setenv(bootstrap.INSTALLS, "1")

    bootstrap.install_local()
    bootstrap.install_local()

    assert ["launcher/local/requirements.txt" in command for command in commands] == [True]


def test_a_clone_that_may_not_be_written_to_is_said_in_a_line(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state / "file").touch()
    monkeypatch.chdir(state)
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    monkeypatch.setattr(bootstrap, "LOG", state / "file" / "logs" / "install.log")

    with pytest.raises(SystemExit, match=f"^Nothing can be installed into {state}: Not a directory"):
        bootstrap.main()


def test_an_environment_that_was_not_made_here_is_left_alone(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "_run", commands.append)
    monkeypatch.delenv(bootstrap.INSTALLS, raising=False)
    bootstrap.UNFINISHED.touch()

    bootstrap.install_local()

    assert commands == []
    assert bootstrap.VENV.exists()
    assert bootstrap.UNFINISHED.exists()
