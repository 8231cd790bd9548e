"""Where no terminal is, what the commands print is whole lines, for pipes and logs."""

import os
import pty
import sys
from pathlib import Path

import pytest
from rich.console import Console

from client.answers import Job
from launcher import account_commands, commands
from launcher.demo import Findings
from launcher.jobs import Found, jobs_table
from launcher.stack import Condition
from launcher.terminal import make_console, status_table

LONG = "a_word_and " * 100
NOW = "2026-01-31T12:00:05Z"


def printed(console: Console, what: object, capsys: pytest.CaptureFixture[str]) -> list[str]:
    console.print(what)
    return capsys.readouterr().out.splitlines()


def test_a_sentence_is_one_line_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(make_console(), LONG, capsys) == [LONG]


def test_standard_error_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    make_console(stderr=True).print(LONG)
    assert capsys.readouterr().err.splitlines() == [LONG]


def test_no_cell_of_a_table_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    findings = Findings("What was found")
    findings.section("Tracking").rows["Best run"] = LONG.strip()
    where = Condition("tracking", "ready", "http://127.0.0.1/" + "a" * 300)
    told = {"id": "1", "kind": "optimisation", "status": "running", "progress": 0.5, "attempts": 1}
    job: Found = (
        "tracking",
        Job.model_validate({**told, "detail": LONG.strip(), "actor": "alice", "created_at": NOW}),
    )
    for table, text in (
        (findings.table(), LONG.strip()),
        (status_table([where]), where.address),
        (jobs_table([job]), LONG.strip()),
    ):
        assert [line for line in printed(make_console(), table, capsys) if text in line]


def test_a_terminal_is_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("COLUMNS", "70")
        assert make_console().width == 70
    os.close(ours)


def test_every_command_prints_so() -> None:
    """The tests of the commands have no terminal: what they see is what a pipe sees."""
    made = [path for path in Path(commands.__file__).parent.rglob("*.py") if "Console(" in path.read_text()]
    assert [path.name for path in made] == ["terminal.py"]
    assert not commands.console.file.isatty()
    assert account_commands.console.stderr
