"""What a service does with clients that are slow, greedy, too many or malicious."""

import http.client
import json
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from argon2 import PasswordHasher

from fleet.web.body import FREE_CHUNKS
from fleet.web.failures import MOST_FAILURES
from tests.accounts import API_KEYS, KEYS, PASSWORDS, basic, bearer
from tests.running import RunningService, running_service

pytestmark = pytest.mark.slow

PATH = "/root/teapot"
LIMIT = 100_000
THREADS = 3
BODY_S = 2
REQUEST_S = 3
HASH = PasswordHasher().hash(PASSWORDS["alice"])  # as dear as in earnest
HEAD = f"PUT {PATH} HTTP/1.1\r\nHost: teapot\r\nX-Request-ID: mine\r\n"


@pytest.fixture(scope="module")
def teapot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(
        "tests.teapot",
        tmp_path_factory.mktemp("teapot"),
        threads=str(THREADS),
        max_waiting="4",
        max_body_bytes=str(LIMIT),
        body_timeout_s=str(BODY_S),
        request_timeout_s=str(REQUEST_S),
        heavy_at_once="1",
        max_heavy_waiting="1",
    ) as service:
        yield service


@contextmanager
def connected(service: RunningService) -> Iterator[socket.socket]:
    host, _, port = service.address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        yield connection


def everything(connection: socket.socket) -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of an answer after which the connection is closed."""
    received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, json.loads(body)


def is_alive(service: RunningService) -> bool:
    return requests.get(f"{service.address}/health/live", timeout=1).status_code == 200


def brew(service: RunningService, method: str, seconds: float) -> requests.Response:
    how = {"params": {"seconds": seconds}} if method == "GET" else {"json": {"seconds": seconds}}
    return requests.request(method, service.address + PATH, timeout=20, **how)  # type: ignore[arg-type]


def statuses(service: RunningService, method: str, seconds: Iterable[float]) -> list[requests.Response]:
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda each: brew(service, method, each), seconds))


def test_clients_that_stall_in_a_body_hold_nobody_up_and_are_told_408(teapot: RunningService) -> None:
    with ExitStack() as stack:
        stalled = [stack.enter_context(connected(teapot)) for _ in range(50)]
        for connection in stalled:
            connection.sendall(f"{HEAD}Content-Length: 10\r\n\r\n123".encode())
        started = time.monotonic()
        assert is_alive(teapot)
        assert brew(teapot, "GET", 0).status_code == 200
        assert time.monotonic() - started < BODY_S / 2
        answers = [everything(connection) for connection in stalled]
    for status, headers, body in answers:
        assert (status, headers["connection"], headers["x-request-id"]) == (408, "close", "mine")
        assert set(body) == {"error", "message", "request_id"}
        assert body["request_id"] == "mine"


def test_a_body_that_drips_is_cut_off_too(teapot: RunningService) -> None:
    received = b""
    started = time.monotonic()
    with connected(teapot) as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        connection.settimeout(0.2)
        while not received and time.monotonic() - started < 2 * BODY_S:
            connection.sendall(b"1\r\nx\r\n")
            try:
                received = connection.recv(65536)
            except TimeoutError:
                continue
    assert received.startswith(b"HTTP/1.1 408")


def test_a_body_that_is_announced_too_large_is_refused_unread(teapot: RunningService) -> None:
    with connected(teapot) as connection:
        connection.sendall(f"{HEAD}Content-Length: {2**30}\r\n\r\n".encode())
        status, headers, body = everything(connection)
    assert (status, headers["connection"], body["request_id"]) == (413, "close", "mine")
    assert str(LIMIT) in body["error"]


def test_a_body_in_chunks_is_refused_once_it_is_too_large(teapot: RunningService) -> None:
    chunk = b"%x\r\n%b\r\n" % (LIMIT + 1, b"x" * (LIMIT + 1))
    with connected(teapot) as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode() + chunk)
        status, headers, _ = everything(connection)
    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.parametrize("framing", [f"Content-Length: {2**25}", "Transfer-Encoding: chunked"])
def test_a_client_that_sends_all_of_a_body_before_it_reads_learns_that_it_is_too_large(
    teapot: RunningService, framing: str
) -> None:
    chunked = "chunked" in framing
    body = b"x" * 2**25
    with connected(teapot) as connection:
        connection.sendall(f"{HEAD}{framing}\r\n\r\n".encode())
        connection.sendall(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body)
        status, headers, _ = everything(connection)
    assert (status, headers["connection"]) == (413, "close")


@pytest.mark.parametrize("size", [0, 1, LIMIT])
def test_a_body_up_to_the_limit_arrives_whole(teapot: RunningService, size: int) -> None:
    address = teapot.address + PATH
    whole = requests.put(address, data=b"x" * size, timeout=10)
    in_chunks = requests.put(address, data=iter([b"x" * size]), timeout=10)
    assert (whole.json()["bytes"], in_chunks.json()["bytes"]) == (size, size)


def test_headers_reach_the_app_as_wsgi_wants_them(teapot: RunningService) -> None:
    lines = "X-Tea: 1\r\nX-Tea: 2\r\nCookie: a=1\r\nCookie: b=2\r\nX_Under: no\r\nConnection: close\r\n\r\n"
    with connected(teapot) as connection:
        connection.sendall((HEAD + lines).encode())
        _, _, body = everything(connection)
    assert body == {"bytes": 0, "X_TEA": "1,2", "COOKIE": "a=1; b=2", "X_UNDER": None}


def test_more_than_may_wait_are_told_when_to_come_back(teapot: RunningService) -> None:
    answers = statuses(teapot, "GET", [0.5] * 12)
    refused = [answer for answer in answers if answer.status_code == 429]
    assert sorted({answer.status_code for answer in answers}) == [200, 429]
    assert len(refused) == 12 - THREADS - 4
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert {tuple(answer.json()) for answer in refused} == {("error", "message", "request_id")}


def test_health_answers_while_all_threads_are_busy(teapot: RunningService) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        busy = [pool.submit(brew, teapot, "GET", 2) for _ in range(THREADS)]
        time.sleep(0.3)
        assert is_alive(teapot)
        assert [each.result().status_code for each in busy] == [200] * THREADS


def test_a_request_that_takes_too_long_is_504_and_keeps_its_thread_until_it_ends(
    teapot: RunningService,
) -> None:
    answers = statuses(teapot, "GET", [REQUEST_S + 2] * THREADS)
    assert [answer.status_code for answer in answers] == [504] * THREADS
    assert {tuple(answer.json()) for answer in answers} == {("error", "message", "request_id")}
    started = time.monotonic()
    assert brew(teapot, "GET", 0).status_code == 200
    assert time.monotonic() - started > 1


def test_heavy_requests_take_turns_and_the_others_go_on(teapot: RunningService) -> None:
    with ThreadPoolExecutor(10) as pool:
        heavy = [pool.submit(brew, teapot, "POST", 1) for _ in range(6)]
        time.sleep(0.3)
        assert [answer.status_code for answer in statuses(teapot, "GET", [0] * 5)] == [200] * 5
        assert not any(each.done() and each.result().status_code == 200 for each in heavy)
        answers = [each.result() for each in heavy]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429, 429, 429]
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)
    assert brew(teapot, "POST", 0).status_code == 200


def test_a_stop_lets_requests_finish_and_ends_idle_connections(tmp_path: Path) -> None:
    with (
        running_service("tests.teapot", tmp_path) as service,
        connected(service) as idle,
        ThreadPoolExecutor(2) as pool,
    ):
        working = [pool.submit(brew, service, method, 2) for method in ("GET", "POST")]
        time.sleep(0.5)
        service.process.terminate()
        assert [each.result().status_code for each in working] == [200, 200]
        service.process.wait(10)
        assert idle.recv(1) == b""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"seconds": ' + "[" * 10_000 + "]" * 10_000 + "}", "recursion limit"),
        ('{"seconds": NaN}', "JSON"),
        ('{"seconds": Infinity}', "JSON"),
        ('{"seconds": 1e999}', "number"),
        ('{"seconds": "a\\u0000b"}', "NUL"),
    ],
)
def test_what_no_request_may_hold_is_400(teapot: RunningService, body: str, said: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(teapot.address + PATH, data=body, headers=headers, timeout=5)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert is_alive(teapot)


def test_a_client_that_leaves_takes_nothing_with_it(teapot: RunningService) -> None:
    for _ in range(20):
        with connected(teapot) as connection:
            connection.sendall(f"{HEAD}Content-Length: 10\r\n\r\n123".encode())
    answers = statuses(teapot, "GET", [0] * (THREADS + 4))
    assert [answer.status_code for answer in answers] == [200] * len(answers), [x.text for x in answers]
    assert "Traceback" not in teapot.log.read_text(encoding="utf-8")


def test_small_bodies_and_other_clients_are_served_while_large_ones_stand_still(
    teapot: RunningService,
) -> None:
    start = f"{HEAD}Content-Length: {LIMIT}\r\n\r\n".encode() + b"x" * (LIMIT - 1)
    with ExitStack() as stack:
        stalled = [stack.enter_context(connected(teapot)) for _ in range(5)]
        for connection in stalled:
            connection.sendall(start)
        time.sleep(0.3)
        assert brew(teapot, "POST", 0).status_code == 200
        assert upload(teapot, LIMIT, "127.0.0.1") == 429
        assert upload(teapot, LIMIT, "127.0.0.2") == 200
        told = sorted(everything(connection)[0] for connection in stalled)
    assert told == [408, 408, 429, 429, 429]
    assert upload(teapot, LIMIT, "127.0.0.1") == 200


def upload(service: RunningService, size: int, source: str) -> int:
    """Status of an upload from that address."""
    host, _, port = service.address.removeprefix("http://").rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10, source_address=(source, 0))
    connection.request("PUT", PATH, body=b"x" * size)
    status = connection.getresponse().status
    connection.close()
    return status


def test_where_there_is_no_route_no_body_is_waited_for(teapot: RunningService) -> None:
    for line, expected in (("POST /no/such/path", 404), (f"DELETE {PATH}", 405)):
        with connected(teapot) as connection:
            head = f"{line} HTTP/1.1\r\nHost: teapot\r\nContent-Length: {LIMIT}\r\n\r\n"
            connection.sendall(head.encode() + b"x" * (LIMIT - 1))
            connection.settimeout(1)
            assert connection.recv(65536).startswith(f"HTTP/1.1 {expected}".encode())


def test_a_body_in_very_many_chunks_is_refused(teapot: RunningService) -> None:
    with connected(teapot) as connection:
        connection.sendall(f"{HEAD}Transfer-Encoding: chunked\r\n\r\n".encode())
        connection.sendall(b"1\r\nx\r\n" * (FREE_CHUNKS + 500))
        status, headers, body = everything(connection)
    assert (status, headers["connection"]) == (400, "close")
    assert "chunks" in body["error"]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A teapot that asks for credentials."""
    folder = tmp_path_factory.mktemp("guarded")
    users, keys = folder / "users", folder / "keys"
    users.write_text(f"alice:user:{HASH}\n", encoding="utf-8")
    keys.write_text("".join(f"{key.name}:{key.role}:{key.digest}\n" for key in API_KEYS), encoding="utf-8")
    with running_service(
        "tests.teapot", folder, max_body_bytes=str(LIMIT), users_file=str(users), api_keys_file=str(keys)
    ) as service:
        yield service


@pytest.mark.parametrize("framing", [f"Content-Length: {LIMIT}", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    ("credentials", "expected"),
    [("", 401), ("Authorization: Bearer wrong\r\n", 401), ("Authorization: Basic !!!\r\n", 401)],
)
def test_nobody_has_a_body_read_whom_nobody_knows(
    guarded: RunningService, framing: str, credentials: str, expected: int
) -> None:
    with connected(guarded) as connection:
        connection.sendall(f"{HEAD}{credentials}{framing}\r\n\r\n".encode())
        connection.settimeout(1)
        received = connection.recv(65536)
    assert received.startswith(f"HTTP/1.1 {expected}".encode())
    assert b"connection: close" in received.lower()


def test_who_is_known_has_a_body_read_and_a_wrong_key_is_counted_once(guarded: RunningService) -> None:
    body = b"x" * LIMIT
    for _ in range(3):
        answer = requests.put(guarded.address + PATH, data=body, headers=bearer(KEYS["robot"]), timeout=10)
        assert (answer.status_code, answer.json()["bytes"]) == (200, LIMIT)
        answer = requests.put(guarded.address + PATH, data=iter([body]), headers=basic("alice"), timeout=30)
        assert (answer.status_code, answer.json()["bytes"]) == (200, LIMIT)
    source = ("127.0.0.9", 0)
    host, _, port = guarded.address.removeprefix("http://").rpartition(":")
    told = []
    for _ in range(MOST_FAILURES + 1):
        connection = http.client.HTTPConnection(host, int(port), timeout=10, source_address=source)
        connection.request("PUT", PATH, body=b"small", headers=bearer("wrong"))
        told.append(connection.getresponse().status)
        connection.close()
    assert told == [401] * MOST_FAILURES + [429]


def test_a_key_does_not_wait_while_wrong_passwords_are_hashed(guarded: RunningService) -> None:
    def wrong(number: int) -> int:
        host, _, port = guarded.address.removeprefix("http://").rpartition(":")
        source = (f"127.0.9.{number + 1}", 0)
        connection = http.client.HTTPConnection(host, int(port), timeout=60, source_address=source)
        connection.request("GET", PATH, headers=basic("alice", f"wrong {number}"))
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(60) as pool:
        attackers = [pool.submit(wrong, number) for number in range(60)]
        time.sleep(0.2)
        slowest = 0.0
        while not all(each.done() for each in attackers):
            started = time.monotonic()
            answer = requests.get(guarded.address + PATH, headers=bearer(KEYS["robot"]), timeout=60)
            slowest = max(slowest, time.monotonic() - started)
            assert answer.status_code == 200
        told = Counter(each.result() for each in attackers)
    assert set(told) == {401, 429}
    assert told[401] < 30
    assert slowest < 2
