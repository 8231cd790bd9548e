"""Services as processes of their own, as they run in earnest."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from fleet.services import SERVICES
from tests.conftest import free_port
from tests.forking import ForkedProgram

START_SECONDS = 60
STOP_SECONDS = 30
PROJECT = Path(__file__).parents[1]
SERVICE_NAMES = {service.name for service in SERVICES}


@dataclass
class RunningService:
    """A service that was started and answers."""

    process: subprocess.Popen[bytes] | ForkedProgram
    address: str
    log: Path

    def workers(self) -> list[psutil.Process]:
        """The processes that answer."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def wait_until_ready(self) -> None:
        """Return once it, and what it needs, can answer."""
        deadline = time.monotonic() + START_SECONDS
        while not requests.get(f"{self.address}/health/ready", timeout=10).ok:
            assert time.monotonic() < deadline, f"{self.address} is not ready"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it without warning, its worker included."""
        workers = self.workers()
        self.process.kill()
        for worker in workers:
            worker.kill()
        self.process.wait(STOP_SECONDS)


class Kept:
    """Programs that a test leaves to the next, for starts take seconds. Those it kills are replaced."""

    def __init__(self, start: Callable[[], AbstractContextManager[RunningService]]) -> None:
        self._start = start
        self._running: list[tuple[RunningService, ExitStack]] = []

    def exactly(self, count: int) -> list[RunningService]:
        """Have so many run."""
        for program, closing in list(self._running):
            if program.process.poll() is not None or len(self._running) > count:
                closing.close()
                self._running.remove((program, closing))
        while len(self._running) < count:
            closing = ExitStack()
            self._running.append((closing.enter_context(self._start()), closing))
        return [program for program, _ in self._running]


@contextmanager
def running_service(
    name: str, folder: Path, *, port: int | None = None, **settings: str
) -> Iterator[RunningService]:
    """`python -m <name>` until the block ends.

    folder: where its log goes. port: a free one if not given. settings: its variables, without the prefix.
    """
    port = port or free_port()
    log = folder / f"{name}-{port}.log"
    with _program(name, [], log, port=str(port), **settings) as process:
        service = RunningService(process, f"http://127.0.0.1:{port}", log)
        wait_until_alive(service)
        yield service


@contextmanager
def running_worker(name: str, folder: Path, **settings: str) -> Iterator[RunningService]:
    """`python -m <name> worker` until the block ends; ready for jobs."""
    log = folder / f"{name}-worker-{uuid.uuid4().hex}.log"
    with _program(name, ["worker"], log, **settings) as process:
        worker = RunningService(process, "", log)
        deadline = time.monotonic() + START_SECONDS
        while "Ready for jobs" not in log.read_text(encoding="utf-8"):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield worker


@contextmanager
def _program(
    name: str, told: list[str], log: Path, **settings: str
) -> Iterator[subprocess.Popen[bytes] | ForkedProgram]:
    prefix = name.rpartition(".")[2].upper()
    env = {**os.environ, **{f"{prefix}_{setting.upper()}": value for setting, value in settings.items()}}
    process: subprocess.Popen[bytes] | ForkedProgram
    # Tests start more than a hundred services; benchmarks measure what a start takes.
    if "PYTEST_VERSION" in os.environ and not told and name in SERVICE_NAMES:
        process = ForkedProgram(name, log, PROJECT, env)
    else:
        with log.open("ab") as output:
            command = [sys.executable, "-m", name, *told]
            process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=output, stderr=output)
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes] | ForkedProgram) -> None:
    """Raises subprocess.TimeoutExpired, and leaves nothing running all the same."""
    children: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):  # it has just ended by itself
        children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for each in children:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.kill()
        raise


@contextmanager
def running_database(folder: Path) -> Iterator[str]:
    """The address of a migrated `dataset` database on a server of its own, until the block ends."""
    server = EmbeddedPostgres(folder / "postgres", free_port())
    server.start()
    try:
        url = ensure_database(server.url(), "dataset")
        migrate(url)
        yield url
    finally:
        server.stop()


def wait_until_alive(service: RunningService) -> None:
    """Return once the service answers."""
    deadline = time.monotonic() + START_SECONDS
    while service.process.poll() is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{service.address}/health/live", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"the service did not start:\n{service.log.read_text(encoding='utf-8')}")
