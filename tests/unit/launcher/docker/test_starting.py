import json
from pathlib import Path

import pytest

from launcher.docker.starting import complaint
from launcher.log_ends import last_words

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
