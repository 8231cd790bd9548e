"""What a service says that it cannot do is told after a start."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from launcher.health import degraded_parts
from tests.conftest import free_port


class Answers(BaseHTTPRequestHandler):
    """Ready, but for a use case; below /root it knows nothing."""

    def do_GET(self) -> None:
        known = self.path == "/health/ready"
        self.send_response(200 if known else 404)
        self.end_headers()
        told = {"status": "ready", "degraded": {"wine": "It cannot be opened"}}
        self.wfile.write(json.dumps(told).encode() if known else b"no")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/root/ml"
        server.shutdown()
        thread.join()


def test_it_is_a_sentence_for_each_use_case(address: str) -> None:
    away = f"http://127.0.0.1:{free_port()}/root/tracking"
    addresses = {"ml_model": address, "mlflow": address, "tracking": away, "simulator": ""}
    assert degraded_parts(addresses) == ["ml_model is degraded: wine: It cannot be opened"]
