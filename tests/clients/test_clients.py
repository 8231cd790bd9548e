"""Other people's clients, each in an environment of its own, against a live ml_model.

A script of `scripts/` uses the client as its users do, and prints what it was answered: a JSON object a line.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clients.conftest import LiveModels, Rows
from tests.clients.environments import python_of

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.timeout(450)]  # PyPI may be slow

SCRIPTS = Path(__file__).parent / "scripts"
EQUAL = 1e-12
NEWEST_PYTHON = {"mlserver": (3, 12), "kserve": (3, 13)}


@pytest.mark.parametrize(("name", "calls"), [("triton", 20), ("kserve", 7), ("mlserver", 6), ("mlflow", 12)])
def test_a_client_is_answered_as_our_own_are(
    live: LiveModels, tmp_path: Path, record_property: Callable[[str, object], None], name: str, calls: int
) -> None:
    newest = NEWEST_PYTHON.get(name, sys.version_info[:2])
    if sys.version_info[:2] > newest:
        pytest.skip(f"{name}'s client needs Python {newest[0]}.{newest[1]} or older")
    told = tmp_path / "live.json"
    told.write_text(json.dumps(asdict(live)), encoding="utf-8")
    started = time.monotonic()
    python = python_of(name)
    made = time.monotonic()
    done = subprocess.run(
        [python, SCRIPTS / f"{name}_client.py", told],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    record_property("client", name)
    record_property("seconds_to_install", round(made - started, 1))
    record_property("seconds_to_call", round(time.monotonic() - made, 1))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == calls
    for answer in answers:
        check(answer, live.wine if answer["use_case"] == "wine" else live.words)


def check(answer: dict[str, Any], expected: Rows) -> None:
    assert answer["predictions"] == expected.predictions, answer["call"]
    if "probabilities" in answer:
        given = np.array(answer["probabilities"]).reshape(len(expected.data), -1)
        np.testing.assert_allclose(given, expected.probabilities, atol=EQUAL, err_msg=answer["call"])
