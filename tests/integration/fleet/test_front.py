"""What a service does with clients that are slow, greedy, too many or malicious."""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.running import RunningService, running_service
from tests.sockets import connected, everything

pytestmark = pytest.mark.slow

PATH = "/root/teapot"
LIMIT = 100_000
THREADS = 3
BODY_S = 2
REQUEST_S = 3
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


def is_alive(service: RunningService) -> bool:
    return requests.get(f"{service.address}/health/live", timeout=1).status_code == 200


def brew(service: RunningService, method: str, seconds: float) -> requests.Response:
    how = {"params": {"seconds": seconds}} if method == "GET" else {"json": {"seconds": seconds}}
    return requests.request(method, service.address + PATH, timeout=20, **how)  # type: ignore[arg-type]


def statuses(service: RunningService, method: str, seconds: Iterable[float]) -> list[requests.Response]:
    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(lambda each: brew(service, method, each), seconds))


@pytest.mark.alone
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
        assert set(body) == {"code", "error", "message", "request_id"}
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
    assert {tuple(answer.json()) for answer in refused} == {("code", "error", "message", "request_id")}


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
    assert {tuple(answer.json()) for answer in answers} == {("code", "error", "message", "request_id")}
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
