"""A service of the fleet as a process of its own, as it runs in earnest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.conftest import free_port

START_SECONDS = 90
STOP_SECONDS = 30
PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True)
class RunningService:
    """Where a service answers, and the number of its process."""

    address: str
    pid: int


@contextmanager
def running_service(name: str, log: Path, *, database_url: str, **settings: str) -> Iterator[RunningService]:
    """`python -m <name>` on a free port until the block ends.

    log: where its output goes. settings: by name, in lower case and without the service's prefix.
    """
    port = free_port()
    settings = {"database_url": database_url, "port": str(port), **settings}
    environment = {f"{name}_{setting}".upper(): value for setting, value in settings.items()}
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", name],
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )
        try:
            _wait_until_alive(process, address, log)
            yield RunningService(address, process.pid)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait_until_alive(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/health/live", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"the service did not start:\n{log.read_text(encoding='utf-8')}")
