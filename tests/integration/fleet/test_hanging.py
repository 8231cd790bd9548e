"""PostgreSQL or MLflow hangs, which is not the same as being away: what watches has a deadline of its own."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from db.embedded import EmbeddedPostgres, ensure_database
from db.migrate import migrate
from tests.conftest import free_port
from tests.mlflow_server import MlflowServer
from tests.running import RunningService, running_service

pytestmark = [pytest.mark.slow, pytest.mark.alone]

DEADLINE_S = 2.0
DATABASE = "The dataset database"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of the tests' own, which they may stop in the middle of what it does."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), free_port())
    server.start()
    migrate(ensure_database(server.url(), "dataset"))
    yield server
    server.stop()


@contextmanager
def hanging(root: psutil.Process) -> Iterator[None]:
    """A process, and all that it has started, stand still until the block ends."""
    stopped = [root, *root.children(recursive=True)]
    for each in stopped:
        each.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for each in reversed(stopped):
            each.send_signal(signal.SIGCONT)


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]))


def timed(service: RunningService, path: str) -> tuple[requests.Response, float]:
    started = time.monotonic()
    answer = requests.get(service.address + path, timeout=30)
    return answer, time.monotonic() - started


def wait_until_ready(service: RunningService, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while (answer := timed(service, "/health/ready")[0]).status_code != 200:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def threads_of(service: RunningService) -> int:
    return sum(int(worker.num_threads()) for worker in service.workers())


def scrape_error(service: RunningService) -> float:
    (line,) = (
        line
        for line in timed(service, "/metrics")[0].text.splitlines()
        if line.startswith("mlfleet_scrape_error{")
    )
    return float(line.rpartition(" ")[2])


def expect_unready(service: RunningService, named: str, *paths: str) -> None:
    """Every probe says so in time, however many come, and none leaves a thread behind."""
    for path in ("/health/ready", *paths):
        answer, seconds = timed(service, path)
        assert (answer.status_code, seconds < DEADLINE_S) == (503, True), (path, seconds, answer.text)
        assert answer.json()["error"].startswith(named)
    before = threads_of(service)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: timed(service, "/health/ready"), range(100)))
    assert {answer.status_code for answer, _ in answers} == {503}
    assert max(seconds for _, seconds in answers) < DEADLINE_S
    assert threads_of(service) <= before
    answer, seconds = timed(service, "/metrics")
    assert (answer.status_code, seconds < DEADLINE_S) == (200, True), (seconds, answer.text)
    assert "mlfleet_http_requests_total" in answer.text
    assert timed(service, "/health/live")[1] < 1


@pytest.mark.parametrize(
    ("name", "paths"),
    [("simulator", []), ("ml_model", ["/v2/health/ready", "/ping"]), ("monitoring", [])],
)
def test_while_postgres_hangs_readiness_says_so_and_metrics_are_there(
    server: EmbeddedPostgres, tmp_path: Path, name: str, paths: list[str]
) -> None:
    more: dict[str, Any] = (
        {"artifact_key": "a key of the test that is long enough"} if name == "ml_model" else {}
    )
    with running_service(name, tmp_path, database_url=server.url("dataset"), **more) as service:
        wait_until_ready(service)
        with hanging(postmaster(server)):
            expect_unready(service, DATABASE, *paths)
            if name != "simulator":  # it reads nothing for a scrape
                assert scrape_error(service) == 1
        wait_until_ready(service, 10)
        deadline = time.monotonic() + 10
        while scrape_error(service) != 0:  # what was asked while it hung has its answer a little later
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_while_mlflow_hangs_readiness_says_so(server: EmbeddedPostgres, tmp_path: Path) -> None:
    mlflow = MlflowServer(f"sqlite:///{tmp_path}/mlflow.db", tmp_path / "mlflow")
    mlflow.start()
    try:
        settings: dict[str, Any] = {
            "database_url": server.url("dataset"),
            "mlflow_url": mlflow.url,
            "mlflow_timeout_s": "3",
        }
        with running_service("tracking", tmp_path, **settings) as service:
            wait_until_ready(service)
            assert mlflow.process is not None
            with hanging(psutil.Process(mlflow.process.pid)):
                expect_unready(service, "MLflow")
            wait_until_ready(service, 15)
            with hanging(postmaster(server)):
                expect_unready(service, DATABASE)
            wait_until_ready(service, 10)
    finally:
        mlflow.stop()
