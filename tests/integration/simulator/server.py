"""A simulator process of its own, as it runs in earnest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.conftest import free_port

START_SECONDS = 60
PROJECT = Path(__file__).parents[3]


@contextmanager
def running_simulator(database_url: str, log: Path, **settings: str) -> Iterator[str]:
    """`python -m simulator` on a free port until the block ends; gives its address.

    settings: further SIMULATOR_* variables, without the prefix. log: where its output goes.
    """
    port = free_port()
    environment = {
        **os.environ,
        "SIMULATOR_DATABASE_URL": database_url,
        "SIMULATOR_PORT": str(port),
        **{f"SIMULATOR_{name.upper()}": value for name, value in settings.items()},
    }
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator"], cwd=PROJECT, env=environment, stdout=output, stderr=output
        )
        try:
            _wait_until_alive(process, address, log)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_alive(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/health/live", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"the simulator did not start:\n{log.read_text(encoding='utf-8')}")
