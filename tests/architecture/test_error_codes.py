"""Every error has a code that programs can rely on, and extras/API.md lists them."""

import subprocess
import sys

import pytest

from tests.architecture.project import PROJECT

API = PROJECT / "extras" / "API.md"
HEADER = "| code | status | of | cause |"


@pytest.fixture(scope="module")
def table() -> str:
    """In a process of its own, as it imports every service."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.error_codes"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=280,
    )
    return done.stdout


def test_the_list_of_codes_is_that_of_the_tree(table: str) -> None:
    listed = API.read_text(encoding="utf-8")
    start = listed.index(HEADER)

    assert listed[start:].startswith(table), (
        "put what `python -m tests.error_codes` prints into extras/API.md"
    )


def test_every_code_has_a_cause_and_is_listed_once(table: str) -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]

    assert len(rows) > 100
    assert all(cause.endswith(".") for *_, cause in rows), "each begins with a sentence"
    assert {cells[0] for cells in rows} >= {"`bug`", "`set_not_loaded`", "`experiment_deleted`"}
