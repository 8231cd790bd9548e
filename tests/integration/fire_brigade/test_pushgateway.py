"""Metrics reach a Pushgateway at the end of each step; one that is away hurts nobody."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from prometheus_client import CollectorRegistry

from fire_brigade.commands import _Terminal
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager, LogRules
from fire_brigade.persistence.repository.pushgateway import Pushgateway
from tests.conftest import free_port
from tests.prometheus_text import value

PROGRAM = shutil.which("prometheus-pushgateway") or shutil.which("pushgateway")


class StandIn:
    """Keeps what was pushed, by path, as a Pushgateway would. address: where."""

    def __init__(self) -> None:
        self.pushed: list[tuple[str, str, str]] = []
        kept = self.pushed

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                kept.append((self.command, self.path, body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quietly."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def gateway() -> Iterator[StandIn]:
    stand_in = StandIn()
    thread = threading.Thread(target=stand_in.server.serve_forever, daemon=True)
    thread.start()
    yield stand_in
    stand_in.server.shutdown()
    stand_in.server.server_close()


def logs_for(folder: Path, gateway: Pushgateway) -> LoggingMetricsManager:
    rules = LogRules(folder / "logs", "a", "DEBUG", "CRITICAL", "WARNING")
    return LoggingMetricsManager(rules, _Terminal(), gateway)


def test_a_step_pushes_its_metrics_under_its_own_job(tmp_path: Path, gateway: StandIn) -> None:
    logs = logs_for(tmp_path, Pushgateway(gateway.address))
    with logs.step("build_features") as log:
        log.info("read", metrics={"incident_rows": 12})
        log.warning("odd")
        assert gateway.pushed == []  # at the end, not at every message
    logs.close()
    ((method, path, body),) = gateway.pushed
    assert (method, path) == ("POST", "/metrics/job/build_features")
    assert value(body, "incident_rows_build_features") == 12
    assert value(body, "info_logs_build_features_total") == 1
    assert value(body, "warning_logs_build_features_total") == 1


def test_a_step_that_fails_pushes_too(tmp_path: Path, gateway: StandIn) -> None:
    logs = logs_for(tmp_path, Pushgateway(gateway.address))
    with pytest.raises(ZeroDivisionError), logs.step("train_model"):
        _ = 1 / 0
    logs.close()
    ((_, _, body),) = gateway.pushed
    assert value(body, "error_logs_train_model_total") == 1


def test_a_gateway_that_is_away_is_one_warning_and_no_failure(tmp_path: Path) -> None:
    logs = logs_for(tmp_path, Pushgateway(f"http://127.0.0.1:{free_port()}"))
    for _ in range(3):
        with logs.step("train_model") as log:
            log.info("trained")
    logs.close()
    lines = (tmp_path / "logs" / "train_model.log").read_text().splitlines()
    assert len([line for line in lines if "WARNING" in line and "Pushgateway" in line]) == 1


@pytest.mark.alone
def test_a_gateway_that_does_not_answer_is_given_up_soon(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:  # nobody serves
        logs = logs_for(tmp_path, Pushgateway(f"http://127.0.0.1:{silent.server_address[1]}", timeout_s=0.3))
        started = time.monotonic()
        with logs.step("train_model"):
            pass
        logs.close()
        assert time.monotonic() - started < 2


def test_nobody_waits_and_pushes_of_a_job_become_one(monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()
    pushed: list[str] = []

    def push_slowly(_: str, job: str, *__: object, **___: object) -> None:
        began.set()
        go_on.wait(10)
        pushed.append(job)

    monkeypatch.setattr("fire_brigade.persistence.repository.pushgateway.pushadd_to_gateway", push_slowly)
    pushes = Pushgateway("http://nowhere")
    registry = CollectorRegistry()
    pushes.push("api", registry, lambda _: None)
    began.wait(10)
    for _ in range(5):
        pushes.push("api", registry, lambda _: None)
    assert pushed == []
    go_on.set()
    pushes.close()
    assert pushed == ["api", "api"]


@pytest.mark.skipif(PROGRAM is None, reason="no Pushgateway is installed")
def test_a_real_pushgateway_takes_what_is_pushed(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    with subprocess.Popen([str(PROGRAM), f"--web.listen-address={address}"], stderr=subprocess.DEVNULL) as it:
        try:
            wait_for(f"http://{address}/-/ready")
            logs = logs_for(tmp_path, Pushgateway(f"http://{address}"))
            with logs.step("train_model") as log:
                log.info("trained", metrics={"mse": 2.5, "seconds": 3}, metric_types=["Gauge", "Histogram"])
            logs.close()
            text = requests.get(f"http://{address}/metrics", timeout=5).text
        finally:
            it.terminate()
    assert value(text, "mse_train_model", job="train_model", instance="") == 2.5
    assert value(text, "seconds_train_model_count", job="train_model", instance="") == 1


def wait_for(url: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            requests.get(url, timeout=1).raise_for_status()
        except requests.RequestException:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
