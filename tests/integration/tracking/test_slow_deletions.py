"""Deletions that take MLflow longer than an answer may, and recordings of other replicas."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from mlflow import environment_variables as variables
from sqlalchemy import text

from tests.conftest import Sessions
from tests.integration.tracking.conftest import EXPERIMENTS, RUNS, Optimise
from tests.mlflow_server import MlflowServer
from tracking.config.settings import TrackingSettings
from tracking.web.app import create_app

SLOW_S = 2.5


class SlowProxy(ThreadingHTTPServer):
    """Stands before MLflow. Deletions take it SLOW_S; they are done unless `forgets`."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), Forwarding)
        self.target = target
        self.forgets = False

    def handle_error(self, *_: object) -> None:
        """A client that has given up is what this is about."""


class Forwarding(BaseHTTPRequestHandler):
    server: SlowProxy

    def forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/delete"):
            time.sleep(SLOW_S)
            if self.server.forgets:
                time.sleep(60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        answer = requests.request(
            self.command, self.server.target + self.path, data=body, headers=headers, timeout=60
        )
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def __getattr__(self, name: str) -> Any:
        """`do_GET`, `do_POST` and so on."""
        if name.startswith("do_"):
            return self.forward
        raise AttributeError(name)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def proxy(mlflow_server: MlflowServer) -> Iterator[SlowProxy]:
    proxy = SlowProxy(mlflow_server.url)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    yield proxy
    proxy.shutdown()
    proxy.server_close()


@pytest.fixture
def impatient(settings: TrackingSettings, proxy: SlowProxy) -> Iterator[FlaskClient]:
    """A client of a tracking that gives MLflow a second for an answer."""
    address = f"http://127.0.0.1:{proxy.server_port}"
    told = {"mlflow_url": address, "mlflow_timeout_s": 1, "mlflow_change_timeout_s": 8.0}
    yield create_app(settings.model_copy(update=told)).test_client()
    variables.MLFLOW_HTTP_REQUEST_TIMEOUT.set(settings.mlflow_timeout_s)  # it counts for the whole process


def trail(sessions: Sessions) -> list[tuple[str, str]]:
    with sessions() as session:
        found = session.execute(text("SELECT action, subject FROM audit_events WHERE service = 'tracking'"))
        return [(row.action, row.subject) for row in found]


@pytest.fixture
def made(optimise: Optimise) -> tuple[str, str]:
    """An experiment, and its run."""
    data = optimise().get_json()["data"]
    return data["experiment_id"], next(iter(data["run_ids"].values()))


def delete(client: FlaskClient, path: str, made: tuple[str, str]) -> Any:
    query = {"experiment_id": made[0], **({"run_id": made[1]} if path == RUNS else {})}
    return client.delete(path, query_string=query)


@pytest.mark.parametrize(("path", "action"), [(RUNS, "delete_run"), (EXPERIMENTS, "delete_experiment")])
def test_a_deletion_that_takes_mlflow_long_is_told_and_audited(
    path: str, action: str, made: tuple[str, str], impatient: FlaskClient, sessions: Sessions
) -> None:
    answer = delete(impatient, path, made)
    assert answer.status_code == 200, answer.get_json()
    assert trail(sessions) == [(action, made[1] if path == RUNS else made[0])]
    assert delete(impatient, path, made).status_code == 404
    assert len(trail(sessions)) == 1


def test_a_deletion_that_nobody_knows_of_is_503_that_says_look_and_audited_as_in_doubt(
    made: tuple[str, str], proxy: SlowProxy, impatient: FlaskClient, sessions: Sessions
) -> None:
    proxy.forgets = True
    answer = delete(impatient, RUNS, made)
    assert answer.status_code == 503, answer.get_json()
    assert "look before" in answer.get_json()["message"]
    assert trail(sessions) == [("delete_run_in_doubt", made[1])]
