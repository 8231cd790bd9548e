"""Whose body is read, how much of it is held, and what others are answered meanwhile."""

import http.client
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests
from argon2 import PasswordHasher

from fleet.web.body import FREE_CHUNKS
from fleet.web.failures import MOST_FAILURES
from tests.accounts import API_KEYS, KEYS, PASSWORDS, basic, bearer
from tests.running import RunningService, running_service
from tests.sockets import connected, everything

pytestmark = pytest.mark.slow

PATH = "/root/teapot"
LIMIT = 100_000
HASH = PasswordHasher().hash(PASSWORDS["alice"])  # as dear as in earnest
HEAD = f"PUT {PATH} HTTP/1.1\r\nHost: teapot\r\n"


@pytest.fixture(scope="module")
def teapot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One that asks nobody for credentials."""
    folder = tmp_path_factory.mktemp("teapot")
    with running_service("tests.teapot", folder, max_body_bytes=str(LIMIT), body_timeout_s="2") as service:
        yield service


def brew(service: RunningService) -> int:
    """Status of a small POST."""
    return requests.post(service.address + PATH, json={"seconds": 0}, timeout=10).status_code


def test_small_bodies_and_others_are_served_while_large_ones_stand_still(
    teapot: RunningService,
) -> None:
    start = f"{HEAD}Content-Length: {LIMIT}\r\n\r\n".encode() + b"x" * (LIMIT - 1)
    with ExitStack() as stack:
        stalled = [stack.enter_context(connected(teapot)) for _ in range(5)]
        for connection in stalled:
            connection.sendall(start)
        time.sleep(0.3)
        assert brew(teapot) == 200
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
