"""`./launch.sh demo`, as the README's first command runs it."""

import re

import pytest

from launcher.loops import end_loop
from tests.e2e.conftest import PROJECT, Stack

pytestmark = pytest.mark.e2e

README = PROJECT / "README.md"
ROW = re.compile(r"^│ (.+?) +│ (.*?) +│$", re.MULTILINE)


def test_two_demos_end_with_the_table_of_the_readme(stack: Stack) -> None:
    expected = ROW.findall(README.read_text(encoding="utf-8"))
    assert len(expected) > 10
    for _ in range(2):
        done = stack.launch("demo")
        assert done.returncode == 0, done.stdout + done.stderr
        assert ROW.findall(done.stdout) == expected
    end_loop(stack.fleet, "wine")


def test_the_readme_names_its_two_commands_before_anything_else() -> None:
    first_screen = README.read_text(encoding="utf-8").splitlines()[:12]
    assert [line.split("#")[0].strip() for line in first_screen if line.startswith("./launch.sh")] == [
        "./launch.sh demo",
        "./launch.sh test",
    ]
