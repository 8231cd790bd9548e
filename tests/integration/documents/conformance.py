"""Runs Schemathesis against a service that answers, in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
SEED = 42


@dataclass(frozen=True)
class Finding:
    """What a run found. cases: how many requests were made; output: what Schemathesis said."""

    cases: int
    passed: bool
    output: str


def check_document(
    address: str, folder: Path, *, examples: int, headers: Mapping[str, str] | None = None
) -> Finding:
    """All checks on all operations of the service's document.

    folder: for the report and whatever else it writes. headers: sent with every request.
    examples: made up for each operation, beside those that the document leads to.
    """
    report = folder / "report.json"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={HERE / 'schemathesis.toml'}",
            "run",
            f"{address}/openapi.json",
            f"--url={address}",
            f"--max-examples={examples}",
            f"--seed={SEED}",
            "--generation-database=none",
            "--continue-on-failure",
            "--no-color",
            f"--report-json-path={report}",
            *(f"--header={name}:{value}" for name, value in (headers or {}).items()),
        ],
        cwd=folder,  # where it leaves files of its own
        env={**os.environ, "PYTHONPATH": str(PROJECT)},  # for the hooks
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    return Finding(_cases(report), done.returncode == 0, done.stdout + done.stderr)


def _cases(report: Path) -> int:
    return int(json.loads(report.read_text(encoding="utf-8"))["test_cases"]["generated"])
