"""Which tools `./launch.sh test` runs."""

import subprocess
from typing import Any

import pytest

from launcher.checks import run_checks


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What was run, each without its interpreter; nothing really is."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command[2:])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_a_quick_run_checks_style_and_types_and_starts_no_service(ran: list[list[str]]) -> None:
    assert run_checks([], {}, quick=True) == 0
    *checks, tests = ran
    assert [check[0] for check in checks] == ["ruff", "ruff", "mypy"]
    assert [each for each in tests if each.startswith("tests/")] == ["tests/unit", "tests/architecture"]


def test_a_whole_run_takes_every_test(ran: list[list[str]]) -> None:
    assert run_checks([], {}, quick=False) == 0
    assert not [each for each in ran[-1] if each.startswith("tests/")]


def test_arguments_are_for_the_tests_alone(ran: list[list[str]]) -> None:
    assert run_checks(["tests/unit/db"], {}, quick=False) == 0
    assert ran == [["pytest", "tests/unit/db"]]
