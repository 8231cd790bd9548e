"""The papers that describe a running stack are true of one."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from db.describe import describe
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
def test_the_postman_collection_passes(stack: Stack, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    addresses = [
        f"{name}={stack.address(name)}" for name in ("simulator", "ml_model", "tracking", "monitoring")
    ]
    password = stack.fire_brigade_password("admin")
    addresses += [f"fire_brigade={stack.address('fire_brigade')}", f"fire_brigade_password={password}"]
    variables = [argument for address in addresses for argument in ("--env-var", address)]
    done = subprocess.run(
        [
            str(newman()),
            "run",
            str(COLLECTION),
            *variables,
            "--reporters",
            "cli,json",
            "--reporter-json-export",
            str(report),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    statistics = json.loads(report.read_text(encoding="utf-8"))["run"]["stats"]
    assert statistics["requests"]["total"] >= 40
    assert statistics["assertions"]["total"] >= 80


def test_the_document_of_the_databases_is_that_of_the_tables(stack: Stack) -> None:
    server = stack.server_url()
    written = DATABASE.read_text(encoding="utf-8")
    assert written == describe(f"{server}/dataset", f"{server}/mlflow")
    assert len(re.findall(r"^### ", written, re.MULTILINE)) > 40
