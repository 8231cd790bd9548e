"""Images ask for their service's health without curl."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fleet.probe import main, probe
from tests.conftest import free_port


class Answers(BaseHTTPRequestHandler):
    """Ready at /ready, and nowhere else."""

    def do_GET(self) -> None:  # the name that http.server calls
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()
        self.wfile.write(b"as it is")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Say nothing: the test's output is for failures."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_a_200_is_healthy(address: str) -> None:
    assert probe(f"{address}/ready") == (True, "200 as it is")
    assert probe(f"{address}/other") == (False, "503 as it is")


def test_nobody_there_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["probe", f"http://127.0.0.1:{free_port()}/ready"])
    assert main() == 1
    assert "does not answer" in capsys.readouterr().out
