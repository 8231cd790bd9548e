"""Requests that no client should send: each service refuses them with 4xx that says why.

Over raw sockets, as clients' libraries would not send them. What is not HTTP at all, such as control
characters in headers, the server refuses with a bare 400 before a service sees it.
"""

import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.running import RunningService, running_database, running_service

pytestmark = pytest.mark.slow

SERVICES = {
    "simulator": "/root/simulator",
    "ml_model": "/root/ml/predict",
    "tracking": "/root/tracking/experiments",
    "monitoring": "/root/monitoring",
    "fire_brigade": "/train_model",
}
HOST = b"Host: 127.0.0.1\r\n"
LIVE = b"/health/live"
# What is sent in the place of `GET /health/live` and the headers after it.
HEADS: dict[str, bytes] = {
    **{
        f"host {host!r:.40}": b"GET /health/live HTTP/1.1\r\nHost: " + host + b"\r\n"
        for host in (
            b"a..",
            b"..",
            b".",
            b"a" * 64 + b".b",
            b"a" * 300,
            b"a.b." * 70,
            b"",
            b"[::1",
            b"::1",
            b"[x]",
            b"[1:2:3:4:5:6:7:8:9]",
            b"a:b",
            b"a:99999",
            b"a:1:2",
            b"a b",
            b"a/b",
            b"a@b",
            b"a?b",
            b"a\\b",
            b"a,b",
            b"%00",
            b"\xc3\xa9",
            b"\xff",
            b"<script>",
        )
    },
    "no host": b"GET /health/live HTTP/1.1\r\n",
    "two hosts": b"GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
    "the same host twice": b"GET /health/live HTTP/1.1\r\n" + 2 * HOST,
    **{
        f"{name.decode()} {value!r}": b"GET /health/live HTTP/1.1\r\n" + HOST + name + b": " + value + b"\r\n"
        for name in (
            b"Idempotency-Key",
            b"X-On-Behalf-Of",
            b"Authorization",
            b"X-Request-ID",
            b"X-Anything",
            b"Cookie",
            b"X-Forwarded-For",
        )
        for value in ("clé".encode(), b"cl\xe9", b"\x80", b"a\xffb")
    },
    **{
        f"two of {name.decode()}": b"GET /health/live HTTP/1.1\r\n"
        + HOST
        + b"".join(name + b": " + value + b"\r\n" for value in (b"alice:user", b"bob:user"))
        for name in (
            b"Authorization",
            b"X-On-Behalf-Of",
            b"Idempotency-Key",
            b"X-Request-ID",
            b"Content-Type",
            b"Origin",
            b"x-ROUTING-key",
        )
    },
    "a repeated header hides one that vanishes": b"GET /health/live HTTP/1.1\r\n"
    + HOST
    + b"X-A: 1\r\nX-A: 2\r\nIdempotency-Key: \xe9\r\n",
    **{
        f"target {target!r:.40}": b"GET " + target + b" HTTP/1.1\r\n" + HOST
        for target in (
            b"/health/live?a=%",
            b"/health/live?a=%zz",
            b"/health/live?a=%ff",
            b"/health/live?a=%c3",
            b"/health/live?a=%ed%a0%80",
            b"/%ff",
            b"/%c3%28",
            b"/%ed%a0%80",
            b"/%00",
            b"/health/live%00",
            b"/a%0d%0aX:%201",
            b"/%7f",
            b"/%zz",
            b"*",
            b"nowhere",
            b"http://example.org/health/live",
            b"http://example.org",
            b"/" + b"a" * 20_000,
            b"/health/live?" + b"a" * 20_000,
            b"/health/live?" + b"&".join(b"a%d=1" % number for number in range(500)),
            b"//example.org/..%2f",
            b"/../../etc/passwd",
            b"/docs/..%2f..%2fetc%2fpasswd",
            b"/docs/%5c..%5c",
        )
    },
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\n" + HOST,
    **{
        f"method {method.decode()}": method + b" /health/live HTTP/1.1\r\n" + HOST
        for method in (b"FOO", b"get", b"TRACE", b"PROPFIND", b"A" * 100)
    },
    "CONNECT": b"CONNECT example.org:80 HTTP/1.1\r\n" + HOST,
}
# The content type and the body of a POST to the service's own route.
BODIES: dict[str, tuple[bytes, bytes]] = {
    "a lone surrogate": (b"application/json", rb'{"set_name": "\ud800", "metric": "\ud800"}'),
    "a lone surrogate in a name": (b"application/json", rb'{"\udfff": 1}'),
    "two surrogates the wrong way round": (b"application/json", rb'{"use_case": "\udc00\ud800"}'),
    "surrogates as bytes": (b"application/json", b'{"use_case": "\xed\xa0\x80"}'),
    "bytes that are not UTF-8": (b"application/json", b'{"use_case": "\xff"}'),
    "UTF-16": (b"application/json", '{"use_case": "wine"}'.encode("utf-16")),
    "UTF-16, said": (b"application/json; charset=utf-16", '{"use_case": "wine"}'.encode("utf-16")),
    "an unknown charset": (b"application/json; charset=klingon", b'{"use_case": "wine"}'),
    "a charset that is no text's": (b"application/json; charset=base64", b'{"use_case": "wine"}'),
    "a charset with a NUL": (b'application/json; charset="a%00"', b'{"use_case": "wine"}'),
    "Latin-1, said": (b"application/json; charset=latin-1", b'{"use_case": "\xe9"}'),
    **{
        f"content type {text!r}": (text, b'{"use_case": "wine"}')
        for text in (
            b"/",
            b"garbage",
            b"application/",
            b";;;",
            b"json; charset",
            b"a/b/c",
            b"application/xml",
        )
    },
    "a form that is not UTF-8": (b"application/x-www-form-urlencoded", b"set_name=\xff&metric=\xff"),
    "a form with broken escapes": (b"application/x-www-form-urlencoded", b"set_name=%ff&metric=%zz"),
    "a form with a surrogate": (b"application/x-www-form-urlencoded", b"set_name=%ed%a0%80&metric=%ed%a0%80"),
    "a form with a NUL": (b"application/x-www-form-urlencoded", b"set_name=%00&metric=%00"),
    "a million form fields": (b"application/x-www-form-urlencoded", b"a&" * 1_000_000),
    "multipart without a boundary": (b"multipart/form-data", b"--x\r\n\r\n"),
    "multipart that never begins": (b"multipart/form-data; boundary=x", b"\r\n--y" * 100_000),
    "many parts": (
        b"multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 20_000 + b"--x--\r\n",
    ),
    "a part that is not UTF-8": (
        b"multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="set_name"\r\n\r\n\xff\r\n--x--\r\n',
    ),
    "a million unknown fields": (
        b"application/json",
        json.dumps({f"a{number}": 1 for number in range(1_000_000)}).encode(),
    ),
    "a list of a million wrong values": (
        b"application/json",
        json.dumps({"filter": [[]] * 1_000_000, "tests": [[]], "data": 1, "set_name": 1}).encode(),
    ),
}
SLOWEST_S = 5.0  # a busy machine parses 16 MB of JSON before it says what is wrong


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RunningService]]:
    """Each service, asking nobody for credentials where it may; MLflow is away."""
    folder = tmp_path_factory.mktemp("services")
    with running_database(folder) as url, ExitStack() as stack:
        database = {"database_url": url}
        settings: dict[str, dict[str, Any]] = {
            "simulator": database,
            "ml_model": {**database, "artifact_key": secrets.token_hex(16)},
            "tracking": {**database, "mlflow_url": "http://127.0.0.1:9"},
            "monitoring": database,
            "fire_brigade": {},
        }
        yield {
            name: stack.enter_context(running_service(name, folder, **told))
            for name, told in settings.items()
        }


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, services: dict[str, RunningService]) -> RunningService:
    """Each in turn."""
    return services[request.param]


def send(service: RunningService, data: bytes) -> tuple[int, Any]:
    """Status and JSON of the answer, after which the connection is closed."""
    host, _, port = service.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(data)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def post(path: str, kind: bytes, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n".encode()
    return head + b"Content-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body


def expect_refusal(status: int, body: Any, what: str) -> None:
    assert 400 <= status < 500, (what, status, body)
    assert {"error", "message", "request_id"} <= set(body), (what, body)
    assert all(body.values()), (what, body)


def test_what_is_well_formed_is_answered(service: RunningService) -> None:
    for lines in (
        HOST,
        b"Host: localhost:5001\r\n",
        b"Host: [::1]:5001\r\n",
        b"Host: ml_model:5001\r\n",
        b"Host: a-b.example.org.\r\n",
        HOST + b"X-Tea: 1\r\nX-Tea: 2\r\nAccept: */*\r\nAccept: text/html\r\n",
        HOST + b"X-Forwarded-For: nobody believes this\r\nX-Forwarded-Host: a..\r\n",
        HOST + b'Accept: ;;;q=x,/\r\nRange: bytes=9-1,x\r\nX-Request-ID: a b\r\nIf-None-Match: "\r\n',
    ):
        status, body = send(service, b"GET /health/live HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n")
        assert (status, body) == (200, {"status": "live"}), lines


@pytest.mark.parametrize("what", HEADS)
def test_a_head_that_cannot_be_read_is_refused(service: RunningService, what: str) -> None:
    expect_refusal(*send(service, HEADS[what] + b"Connection: close\r\n\r\n"), what)


@pytest.mark.alone
@pytest.mark.parametrize("what", BODIES)
def test_a_body_that_cannot_be_read_is_refused(services: dict[str, RunningService], what: str) -> None:
    for name, service in services.items():
        started = time.monotonic()
        expect_refusal(*send(service, post(SERVICES[name], *BODIES[what])), f"{name}: {what}")
        assert time.monotonic() - started < SLOWEST_S, name


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=UTF-8", 200),
        ("application/json; charset=latin-1", 200),
        ("application/json; charset=utf-16", 415),
        ("application/json; charset=klingon", 415),
        ("application/json; charset=base64", 415),
        ("application/json; charset=", 200),
        ("application/json; charset", 200),
    ],
)
def test_a_body_is_taken_in_a_charset_that_reads_it(
    services: dict[str, RunningService], kind: str, status: int
) -> None:
    body = b'{"set_name": "dataset"}'
    assert send(services["simulator"], post(SERVICES["simulator"], kind.encode(), body))[0] == status


@pytest.mark.parametrize(
    "form", [b"set_name=dataset&use_case=wine%ff", b"set_name=dataset&use_case=%", b"set_name=dataset\xff"]
)
def test_a_form_is_said_to_be_unreadable(services: dict[str, RunningService], form: bytes) -> None:
    kind = b"application/x-www-form-urlencoded"
    status, body = send(services["simulator"], post(SERVICES["simulator"], kind, form))
    assert (status, body["error"].startswith("The form")) == (400, True), body


def test_nothing_of_all_that_was_an_error_of_the_service(services: dict[str, RunningService]) -> None:
    for service in services.values():
        assert "Traceback" not in service.log.read_text(encoding="utf-8")
