"""Images ask for their service's health without curl."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from fleet.probe import main, probe, watch
from tests.conftest import free_port


class Answers(BaseHTTPRequestHandler):
    """Ready at /ready, and nowhere else; at /for_a_while, the first three times."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:  # the name that http.server calls
        self.asked.append(self.path)
        ready = self.path == "/ready" or (self.path == "/for_a_while" and len(self.asked) <= 3)
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(b"as it is")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name of the base class
        """Say nothing: the test's output is for failures."""


@pytest.fixture
def address() -> Iterator[str]:
    Answers.asked.clear()
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


def test_what_was_healthy_is_watched_by_one_process_until_it_no_longer_is(
    address: str, tmp_path: Path
) -> None:
    url, seen = f"{address}/for_a_while", tmp_path / "healthy"
    assert watch(url, seen, seconds=60, pause=0.01) == (True, "200 as it is")  # at once: it may be waited for
    assert len(Answers.asked) == 1
    assert watch(url, seen, seconds=60, pause=0.01) == (False, "503 as it is")
    assert len(Answers.asked) == 4
    assert watch(url, seen, seconds=60, pause=0.01) == (False, "503 as it is")
    assert len(Answers.asked) == 5


def test_watching_ends_when_its_time_is_over(address: str, tmp_path: Path) -> None:
    seen = tmp_path / "healthy"
    seen.touch()
    assert watch(f"{address}/ready", seen, seconds=0.2, pause=0.05) == (True, "200 as it is")
    assert 2 <= len(Answers.asked) <= 5
    assert seen.exists()
