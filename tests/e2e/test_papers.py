"""The papers that describe a running stack are true of one."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from db.describe import describe
from fleet.services import SERVICES
from tests.e2e.conftest import PROJECT, Stack

pytestmark = pytest.mark.e2e

COLLECTION = PROJECT / "extras" / "mlfleet.postman_collection.json"
DATABASE = PROJECT / "extras" / "Database.md"


def newman() -> str | None:
    local = PROJECT / ".mlfleet" / "node" / "node_modules" / ".bin" / "newman"
    return str(local) if local.exists() else shutil.which("newman")


@pytest.mark.skipif(
    newman() is None, reason="newman is not installed: npm install --prefix .mlfleet/node newman"
)
@pytest.mark.parametrize("times", [2, 1])
def test_the_postman_collection_passes_again_and_again(stack: Stack, tmp_path: Path, times: int) -> None:
    """Twice with the variables that the first time leaves, as in the app, then from the start."""
    report = run_collection(stack, tmp_path / "report.json", times)
    assert report["stats"]["requests"]["total"] >= 90 * times
    assert report["stats"]["assertions"]["total"] >= 170 * times


def run_collection(stack: Stack, report: Path, times: int) -> dict[str, Any]:
    """What newman says of the run."""
    variables = [f"{service.name}={stack.address(service.name)}" for service in SERVICES]
    variables.append(f"fire_brigade_password={stack.fire_brigade_password('admin')}")
    told = [argument for variable in variables for argument in ("--env-var", variable)]
    reporters = ["--reporters", "cli,json", "--reporter-json-export", str(report)]
    done = subprocess.run(
        [str(newman()), "run", str(COLLECTION), "--iteration-count", str(times), *told, *reporters],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    run: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))["run"]
    return run


def test_the_document_of_the_databases_is_that_of_the_tables(stack: Stack) -> None:
    server = stack.server_url()
    written = DATABASE.read_text(encoding="utf-8")
    assert written == describe(f"{server}/dataset", f"{server}/mlflow")
    assert len(re.findall(r"^### ", written, re.MULTILINE)) > 40
