"""`./launch.sh demo --use-case fire_brigade`, from records that are made up."""

import re

import pytest

from launcher.loops import end_loop
from tests.e2e.conftest import PROJECT, Stack

pytestmark = pytest.mark.e2e

README = PROJECT / "fire_brigade" / "README.md"
ROW = re.compile(r"^│ (.+?) +│ (.*?) +│$", re.MULTILINE)


def test_every_demo_ends_with_the_table_of_the_services_readme(stack: Stack, long_demos: int) -> None:
    expected = ROW.findall(README.read_text(encoding="utf-8"))
    assert len(expected) > 25
    for _ in range(long_demos):
        done = stack.launch("demo", "--use-case", "fire_brigade")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the server cannot be reached" in done.stdout
        assert ROW.findall(done.stdout) == expected
    end_loop(stack.fleet, "fire_brigade")


def test_a_use_case_that_there_is_no_demo_of_is_refused(stack: Stack) -> None:
    done = stack.launch("demo", "--use-case", "houses")
    assert done.returncode == 2
    assert "fire_brigade" in done.stderr
