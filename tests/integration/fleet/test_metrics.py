"""What every service tells Prometheus about its requests."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from flask_restful import Resource
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from fleet.errors import UnavailableError
from fleet.settings import ServiceSettings
from fleet.web.app import Route, add_routes, make_app
from fleet.web.metrics import READING_S, metrics_of
from fleet.web.roles import takes_role
from fleet.web.shared_counters import FOLDER_VARIABLE
from tests.prometheus_text import names, read_samples, value
from tests.running import running_service, wait_until_alive

REQUESTS = "mlfleet_http_requests_total"
SECONDS = "mlfleet_http_request_duration_seconds"


class Pouring(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Answers, or fails as it is told."""

    @takes_role("anyone")
    def get(self, name: str) -> dict[str, float | None]:
        if name == "bug":
            raise ZeroDivisionError
        return {
            "in progress": value(metrics_text(self.app), "mlfleet_http_requests_in_progress", service="tea")
        }

    def __init__(self, app: Flask) -> None:
        self.app = app


def metrics_text(app: Flask) -> str:
    return metrics_of(app).expose("")[0].decode()


def make_tea() -> Flask:
    app = make_app("tea", ServiceSettings(port=5999, service_url="/tea"))
    add_routes(app, [Route(Pouring, ["/<name>"], {"app": app})], prefixes=["/root/tea"], ready=lambda: None)
    return app


@pytest.fixture
def app() -> Flask:
    return make_tea()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def count(client: FlaskClient, **labels: str) -> float | None:
    return value(client.get("/metrics").text, REQUESTS, service="tea", **labels)


def test_requests_are_counted_by_rule_method_and_status(client: FlaskClient) -> None:
    for name in ("green", "black", "bug"):
        client.get(f"/root/tea/{name}")
    route = "/root/tea/<name>"
    assert count(client, route=route, method="GET", status="200") == 2
    assert count(client, route=route, method="GET", status="500") == 1


def test_what_clients_invent_makes_no_series_of_its_own(client: FlaskClient) -> None:
    for number in range(5):
        client.get(f"/invented/{number}")
        client.open("/health/live", method=f"INVENT{number}")
    assert count(client, route="unmatched", method="GET", status="404") == 5
    assert count(client, route="unmatched", method="other", status="405") == 5
    before = len(read_samples(client.get("/metrics").text))
    client.get("/invented/6", headers={"X-Request-ID": "six"})
    assert len(read_samples(client.get("/metrics").text)) == before


def test_time_is_a_histogram(client: FlaskClient) -> None:
    client.get("/root/tea/green")
    labels = {"service": "tea", "route": "/root/tea/<name>", "method": "GET"}
    text = client.get("/metrics").text
    assert value(text, f"{SECONDS}_count", **labels) == 1
    assert value(text, f"{SECONDS}_bucket", **labels, le="+Inf") == 1
    assert 0 < (value(text, f"{SECONDS}_sum", **labels) or 0) < 5


def test_a_request_is_in_progress_until_it_is_answered_and_no_longer(client: FlaskClient, app: Flask) -> None:
    assert client.get("/root/tea/green").json == {"in progress": 1.0}
    client.get("/root/tea/bug")
    assert value(metrics_text(app), "mlfleet_http_requests_in_progress", service="tea") == 0


def test_who_asks_for_openmetrics_gets_it(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.content_type.startswith("application/openmetrics-text")
    families = {family.name for family in text_string_to_metric_families(answer.text)}  # type: ignore[no-untyped-call]
    assert {"mlfleet_http_requests", "mlfleet_build_info"} <= families


def test_who_asks_for_a_version_that_is_none_gets_the_common_format(client: FlaskClient) -> None:
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=new"})
    assert answer.status_code == 200
    assert answer.mimetype == "text/plain"


def test_it_says_what_runs(client: FlaskClient) -> None:
    built = [
        dict(labels)
        for name, labels in read_samples(client.get("/metrics").text)
        if name.endswith("build_info")
    ]
    assert [sorted(labels) for labels in built] == [["python", "service", "version"]]


def a_pot() -> Iterable[Metric]:
    yield GaugeMetricFamily("tea_pots", "Pots", 3)


def test_what_is_read_at_the_scrape_is_shown(client: FlaskClient, app: Flask) -> None:
    metrics_of(app).read_at_scrape(a_pot)
    text = client.get("/metrics").text
    assert (value(text, "tea_pots"), value(text, "mlfleet_scrape_error", service="tea")) == (3, 0)


@pytest.mark.parametrize("error", [UnavailableError("No water", "Open the tap"), ValueError("a bug")])
def test_what_cannot_be_read_is_absent_and_said_to_be(
    client: FlaskClient, app: Flask, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> Iterable[Metric]:
        raise error

    metrics_of(app).read_at_scrape(a_pot)
    metrics_of(app).read_at_scrape(fails)
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert value(answer.text, "mlfleet_scrape_error", service="tea") == 1
    assert {"tea_pots", REQUESTS} - names(answer.text) <= {REQUESTS}  # nothing was answered before
    assert ("A reader of metrics failed" in caplog.text) == isinstance(error, ValueError)


@pytest.mark.alone
def test_what_hangs_holds_no_scrape_up_and_is_asked_by_one_thread_only(
    client: FlaskClient, app: Flask
) -> None:
    released, asked = threading.Event(), []

    def hangs() -> Iterable[Metric]:
        asked.append(1)
        released.wait(60)
        return a_pot()

    metrics_of(app).read_at_scrape(hangs)
    started = time.monotonic()
    first, second = client.get("/metrics"), client.get("/metrics")
    assert time.monotonic() - started < READING_S + 1
    assert [value(each.text, "mlfleet_scrape_error", service="tea") for each in (first, second)] == [1, 1]
    assert len(asked) == 1
    released.set()
    time.sleep(0.2)
    assert value(client.get("/metrics").text, "tea_pots") == 3


def answer_some(requests_to_answer: int, everyone: Barrier, answers: "Queue[str]") -> None:
    """A worker process: answers, waits for the others, and is scraped."""
    app = make_tea()
    in_use = requests_to_answer
    metrics_of(app).watch_pool(8, lambda: in_use)
    client = app.test_client()
    for _ in range(requests_to_answer):
        client.get("/health/live")
    everyone.wait(60)
    answers.put(client.get("/metrics").text)
    everyone.wait(60)


def test_whichever_worker_is_scraped_tells_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    spawn = multiprocessing.get_context("spawn")
    everyone, answers = spawn.Barrier(3), spawn.Queue()
    workers = [spawn.Process(target=answer_some, args=(number, everyone, answers)) for number in (2, 3, 5)]
    for worker in workers:
        worker.start()
    texts = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
    live = {"service": "tea", "route": "/health/live", "method": "GET"}
    for text in texts:
        assert value(text, REQUESTS, **live, status="200") == 10
        assert value(text, f"{SECONDS}_count", **live) == 10
        assert value(text, "mlfleet_database_pool_size", service="tea") == 24
        assert value(text, "mlfleet_database_pool_in_use", service="tea") == 10


@pytest.mark.slow
def test_a_service_counts_on_when_its_worker_is_replaced_and_leaves_nothing_behind(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    answered: dict[str, Any] = {
        "service": "simulator",
        "route": "/health/live",
        "method": "GET",
        "status": "200",
    }
    with running_service("simulator", tmp_path, database_url=database_url) as service:
        for _ in range(5):
            requests.get(f"{service.address}/health/live", timeout=5)
        before = requests.get(f"{service.address}/metrics", timeout=5).text
        (worker,) = service.workers()
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(10)
        wait_until_alive(service)
        after = requests.get(f"{service.address}/metrics", timeout=5).text
        (folder,) = temporary.glob("mlfleet-held-metrics-*")
        owners = {file.stem.rpartition("_")[2] for file in folder.glob("gauge_live*.db")}
        (living,) = service.workers()
        assert owners == {str(living.pid)}
    assert (value(before, REQUESTS, **answered) or 0) >= 6
    assert (value(after, REQUESTS, **answered) or 0) > (value(before, REQUESTS, **answered) or 0)
    for text in (before, after):
        assert value(text, "mlfleet_http_requests_in_progress", service="simulator") == 1  # the scrape itself
        assert (value(text, "mlfleet_database_pool_size", service="simulator") or 0) >= 8
        assert value(text, "mlfleet_database_pool_in_use", service="simulator") == 0
    assert list(temporary.glob("mlfleet-held-metrics-*")) == []


def test_a_dead_workers_number_that_another_users_process_has_now_breaks_no_scrape(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError

    left_behind = tmp_path / "gauge_livesum_4711.db"
    left_behind.touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setattr(os, "kill", refuse)
    assert client.get("/metrics").status_code == 200
    assert not left_behind.exists()
