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
