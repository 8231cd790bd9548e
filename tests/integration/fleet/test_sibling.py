"""The client for a sibling service, against a real HTTP server that misbehaves as told."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import requests

from fleet.errors import SiblingAwayError, SiblingFailedError, SiblingInDoubtError, SiblingRefusedError
from fleet.sibling import Sibling, busy_as_away
from tests.callers import ALICE, BOB
from tests.conftest import free_port


class Scripted(BaseHTTPRequestHandler):
    """Answers as `/<script>` says, and keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    received: ClassVar[list[tuple[str, Any, dict[str, str]]]] = []
    answers: ClassVar[dict[str, tuple[int, bytes]]] = {
        "/base/ok": (200, b'{"message": "done", "rows": 3}'),
        "/base/created": (201, b'{"message": "made"}'),
        "/base/conflict": (
            409,
            b'{"code": "nothing_set", "error": "Not set", "message": "Set it", "request_id": "1", "more": 1}',
        ),
        "/base/missing": (404, b'{"error": "No such thing", "message": "Check"}'),
        "/base/unauthorized": (401, b'{"error": "Invalid credentials", "message": "Send others"}'),
        "/base/broken": (500, b'{"error": "Bug", "message": "secret"}'),
        "/base/out_of_time": (504, b'{"error": "Too slow", "message": "Look"}'),
        "/base/unavailable": (503, b'{"error": "No database", "message": "Wait"}'),
        "/base/html": (200, b"<html></html>"),
        "/base/html404": (404, b"<html></html>"),
        "/base/html500": (500, b"<html>secret</html>"),
        "/base/empty": (200, b""),
        "/base/list": (200, b"[1, 2]"),
    }

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((self.path, json.loads(body), dict(self.headers)))
        if self.path == "/base/slow":
            time.sleep(1)
        if self.path == "/base/hangup":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if self.path == "/base/leaving":
            self.close_connection = True  # without a word, after the answer
        status, answer = self.answers.get(self.path, (200, b"{}"))
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def received() -> list[tuple[str, Any, dict[str, str]]]:
    """Path, body and headers of every request that arrived."""
    Scripted.received.clear()
    return Scripted.received


@pytest.fixture
def server(received: list[Any]) -> Iterator[str]:
    """Base address of the sibling."""
    del received
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    httpd.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that gave up is expected
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/base/"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def client(url: str, timeout_s: float = 5) -> Sibling:
    return Sibling("kettle", url, timeout_s=timeout_s)


def test_the_answer_of_a_success_is_returned(server: str) -> None:
    sibling = client(server)
    assert sibling.post("/ok", {"a": 1}, caller=ALICE) == {"message": "done", "rows": 3}
    assert sibling.post("/created", {}, caller=ALICE) == {"message": "made"}


def test_the_body_is_json_and_the_request_id_is_passed_on(server: str, received: list[Any]) -> None:
    client(server).post("/ok", {"a": [1, None, "é"]}, caller=ALICE)
    path, body, headers = received[0]
    assert (path, body, headers["X-Request-ID"]) == ("/base/ok", {"a": [1, None, "é"]}, "request-1")
    assert headers["Content-Type"] == "application/json"


def test_without_a_key_none_is_sent_and_nobody_is_named(server: str, received: list[Any]) -> None:
    client(server).post("/ok", {}, caller=ALICE)
    assert {"Authorization", "X-On-Behalf-Of"}.isdisjoint(received[0][2])


def test_the_key_is_sent_with_the_name_and_the_role_of_the_caller(server: str, received: list[Any]) -> None:
    Sibling("kettle", server, timeout_s=5, key="our key").post("/ok", {}, caller=BOB)
    headers = received[0][2]
    assert (headers["Authorization"], headers["X-On-Behalf-Of"]) == ("Bearer our key", "bob:user")


def test_a_key_that_the_sibling_does_not_take_is_no_fault_of_the_callers(server: str) -> None:
    with pytest.raises(SiblingFailedError, match="kettle does not take this service's API key") as caught:
        client(server).post("/unauthorized", {}, caller=ALICE)
    assert "SIBLING_KEY" in caught.value.message


def test_a_refusal_is_passed_on_with_status_and_body(server: str) -> None:
    with pytest.raises(SiblingRefusedError) as caught:
        client(server).post("/conflict", {}, caller=ALICE)
    assert caught.value.status == 409
    refusal = {"code": "nothing_set", "error": "Not set", "message": "Set it", "more": 1}
    assert caught.value.body() == refusal


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/broken", "500"),
        ("/unavailable", "503"),
        ("/html", "without JSON"),
        ("/html404", "404"),
        ("/html500", "500"),
        ("/empty", "without JSON"),
        ("/list", "not an object"),
        ("/hangup", "cannot be reached"),
    ],
)
def test_a_sibling_that_fails_is_502_and_named(
    server: str, received: list[Any], path: str, said: str
) -> None:
    with pytest.raises(SiblingFailedError) as caught:
        client(server).post(path, {}, caller=ALICE)
    assert caught.value.status == 502
    assert "kettle" in caught.value.error
    assert said in caught.value.error
    assert "kettle" in caught.value.message
    assert "secret" not in str(caught.value.body())
    assert len(received) == 1  # what may have been done is never sent twice


@pytest.mark.parametrize(("path", "is_away"), [("/unavailable", True), ("/broken", False), ("/slow", False)])
def test_a_sibling_that_is_away_is_told_from_one_that_has_failed(
    server: str, path: str, is_away: bool
) -> None:
    with pytest.raises(SiblingFailedError) as caught:
        client(server, timeout_s=0.2).post(path, {}, caller=ALICE)
    assert isinstance(caught.value, SiblingAwayError) == is_away
    if path != "/slow":
        assert caught.value.body()["code"] == "sibling_failed"


def test_a_sibling_that_is_not_reached_is_away() -> None:
    with pytest.raises(SiblingAwayError):
        client(f"http://127.0.0.1:{free_port()}").post("/ok", {}, caller=ALICE)


@pytest.mark.parametrize(
    ("status", "code", "is_away"),
    [(429, "busy", True), (409, "request_running", True), (409, "conflict", False)],
)
def test_what_a_busy_sibling_refuses_may_be_waited_for(status: int, code: str, is_away: bool) -> None:
    with pytest.raises((SiblingAwayError, SiblingRefusedError)) as caught, busy_as_away():
        raise SiblingRefusedError(status, {"code": code, "error": "No", "message": "Later"})
    assert isinstance(caught.value, SiblingAwayError) == is_away
    assert (caught.value.error, caught.value.message) == ("No", "Later")


def test_a_sibling_that_takes_too_long_is_502_and_asked_once(server: str, received: list[Any]) -> None:
    with pytest.raises(SiblingFailedError, match="in time"):
        client(server, timeout_s=0.2).post("/slow", {}, caller=ALICE)
    assert len(received) == 1


@pytest.mark.parametrize("body", [{"C": float("nan")}, {"C": object()}, {"C": {1, 2}}])
def test_a_body_that_cannot_be_written_is_no_failure_of_the_siblings(
    server: str, received: list[Any], body: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError, requests.exceptions.InvalidJSONError)):
        client(server).post("/ok", body, caller=ALICE)
    assert received == []


@pytest.mark.parametrize("url", ["http://", "kettle", "http://[", "ftp://kettle"])
def test_an_address_that_cannot_be_used_is_no_failure_of_the_siblings(url: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        client(url).post("/ok", {}, caller=ALICE)


@pytest.mark.parametrize("path", ["/slow", "/hangup", "/out_of_time"])
def test_a_sibling_that_was_asked_and_did_not_answer_may_have_done_it(server: str, path: str) -> None:
    with pytest.raises(SiblingInDoubtError, match="kettle") as caught:
        client(server, timeout_s=0.2).post(path, {}, caller=ALICE)
    assert (caught.value.status, "look before" in caught.value.message) == (502, True)


def test_a_refused_connection_is_502() -> None:
    with pytest.raises(SiblingFailedError, match="kettle cannot be reached") as caught:
        client(f"http://127.0.0.1:{free_port()}").post("/ok", {}, caller=ALICE)
    assert not isinstance(caught.value, SiblingInDoubtError)


def test_an_unknown_host_is_502_and_not_told() -> None:
    with pytest.raises(SiblingFailedError) as caught:
        client("http://kettle.invalid:1").post("/ok", {}, caller=ALICE)
    assert "invalid" not in caught.value.error


def test_a_refused_connection_is_tried_again() -> None:
    port = free_port()
    started: list[ThreadingHTTPServer] = []

    def start_late() -> None:
        time.sleep(0.15)
        started.append(ThreadingHTTPServer(("127.0.0.1", port), Scripted))
        started[0].serve_forever()

    thread = threading.Thread(target=start_late, daemon=True)
    thread.start()
    assert client(f"http://127.0.0.1:{port}/base").post("/ok", {}, caller=ALICE)["rows"] == 3
    started[0].shutdown()
    started[0].server_close()
    thread.join()


def test_a_connection_that_the_sibling_closed_meanwhile_is_opened_anew(server: str) -> None:
    sibling = client(server)
    for _ in range(3):
        assert sibling.post("/leaving", {}, caller=ALICE) == {}
        time.sleep(0.05)
