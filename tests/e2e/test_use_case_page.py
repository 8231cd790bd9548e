"""extras/UseCases.md, followed: its files are written and its commands run, on a stack that is up."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.services import SERVICES
from tests.e2e.conftest import PROJECT, Stack

pytestmark = pytest.mark.e2e

PAGE = (PROJECT / "extras" / "UseCases.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(stack: Stack, line: str, folder: Path) -> str:
    """What a command of the page says, with the addresses of this stack."""
    if line.startswith("./launch.sh "):
        words = [str(folder / word) if word.endswith(".yml") else word for word in shlex.split(line)[1:]]
        done = stack.launch(*words)
    else:
        for service in SERVICES:
            line = line.replace(f"http://127.0.0.1:{service.port}", stack.address(service.name))
        done = subprocess.run(shlex.split(line), capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, line + done.stdout + done.stderr
    return done.stdout


def test_a_third_use_case_is_added_and_goes_round_the_loop_as_the_page_says(
    stack: Stack, tmp_path: Path
) -> None:
    (program,), (definition,), commands = blocks("python"), blocks("yaml"), "".join(blocks("bash"))
    (tmp_path / "make_houses.py").write_text(program, encoding="utf-8")
    (tmp_path / "houses.yml").write_text(definition, encoding="utf-8")
    subprocess.run([sys.executable, "make_houses.py"], cwd=tmp_path, check=True, timeout=600)

    said = {line: run(stack, line, tmp_path) for line in commands.splitlines()}

    assert len(said) == 11
    added, listed = list(said.values())[:2]
    assert "Registered houses: regression" in added
    assert re.findall(r"\d+  \w+", added) == ["300  training", "100  testing", "100  production"]
    assert "houses" in listed
    trained, tested, fouled = list(said.values())[7:10]
    scores = [json.loads(answer)["score"] for answer in (trained, tested, fouled)]
    assert min(scores[:2]) > 0.9 > scores[2]
    assert not json.loads(list(said.values())[-1])["message"]["all_passed"]


def test_a_file_that_is_wrong_is_told_in_one_line_and_a_way_out(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "tea.yml").write_text("name: Tea\nsource: {kind: bundled, dataset: wine}\n", encoding="utf-8")
    done = stack.launch("use-case", "add", str(tmp_path / "tea.yml"))
    assert done.returncode == 1
    assert "'definition': " in done.stderr
    assert "name: " in done.stderr
    assert "Traceback" not in done.stderr
