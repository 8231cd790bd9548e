from pathlib import Path

import pytest

from launcher.docker.engine import engine_problem, is_version_2, refusal


def fake_docker(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A `docker` command that runs this shell script is the only one there is."""
    program = folder / "docker"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_machine_without_the_client_has_no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert engine_problem() == "Docker is not installed"


def test_an_engine_with_compose_2_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_docker(tmp_path, monkeypatch, "echo 2.26.1")

    assert engine_problem() is None


@pytest.mark.parametrize("compose", ["echo 1.29.2", "exit 1"])
def test_an_engine_without_compose_2_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compose: str
) -> None:
    fake_docker(tmp_path, monkeypatch, f'[ "$1" = version ] && exit 0\n{compose}')

    assert "Compose" in (engine_problem() or "")


def test_an_engine_that_is_down_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_docker(tmp_path, monkeypatch, "echo 'Cannot connect to the Docker daemon' >&2; exit 1")

    assert "not running" in (engine_problem() or "")


def test_a_socket_without_permission_is_told() -> None:
    assert "group docker" in refusal("dial unix: connect: permission denied")


@pytest.mark.parametrize(
    ("said", "new_enough"), [("2.26.1-4", True), ("v5.0.0\n", True), ("1.29.2", False), ("", False)]
)
def test_the_version_of_compose_is_read(said: str, new_enough: bool) -> None:
    assert is_version_2(said) is new_enough
