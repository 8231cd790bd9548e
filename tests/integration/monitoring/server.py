"""A monitoring process of its own, as it runs in earnest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.conftest import free_port

PROJECT = Path(__file__).parents[3]
START_SECONDS = 90


@contextmanager
def running_monitoring(database_url: str, log: Path) -> Iterator[str]:
    """`python -m monitoring` on a free port, alive but not yet ready; gives its address. log: its output."""
    port = free_port()
    settings = {"MONITORING_DATABASE_URL": database_url, "MONITORING_PORT": str(port)}
    command = [sys.executable, "-m", "monitoring"]
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **settings}, stdout=output, stderr=output
        )
        try:
            wait_for(f"{address}/health/live")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def wait_for(url: str) -> None:
    """Return once the address answers 200."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer 200 in {START_SECONDS} s")
