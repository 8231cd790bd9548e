"""The server that every service runs under: ports, signals, and what happens when it is killed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests

from tests.conftest import free_port
from tests.running import PROJECT, RunningService, running_service, wait_until_alive

pytestmark = pytest.mark.slow


def start_and_wait(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulator"],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_port_that_is_taken_is_named(database_url: str, tmp_path: Path) -> None:
    with running_service("simulator", tmp_path, database_url=database_url) as service:
        port = service.address.rpartition(":")[2]
        second = start_and_wait(SIMULATOR_PORT=port, SIMULATOR_DATABASE_URL=database_url)
    assert second.returncode == 1
    assert f"port {port}" in second.stderr
    assert "*_PORT" in second.stderr
    assert "Traceback" not in second.stderr


def test_a_worker_ends_with_its_killed_parent_and_frees_the_port(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with running_service("simulator", tmp_path, port=port, database_url=database_url) as service:
        workers = psutil.Process(service.process.pid).children()
        service.process.kill()
        gone, alive = psutil.wait_procs(workers, timeout=10)
    assert (len(gone), alive) == (1, [])
    with running_service("simulator", tmp_path, port=port, database_url=database_url) as service:
        assert requests.get(f"{service.address}/health/ready", timeout=10).status_code == 200


def test_a_killed_worker_is_replaced(database_url: str, tmp_path: Path) -> None:
    with running_service("simulator", tmp_path, database_url=database_url) as service:
        (worker,) = psutil.Process(service.process.pid).children()
        worker.kill()
        deadline = time.monotonic() + 30
        answered = False
        while not answered and time.monotonic() < deadline:
            try:
                answered = requests.get(f"{service.address}/health/ready", timeout=5).ok
            except requests.ConnectionError:
                time.sleep(0.2)
    assert answered


@pytest.mark.alone
def test_a_worker_that_is_still_being_made_obeys_sigterm(database_url: str) -> None:
    settings = {"SIMULATOR_DATABASE_URL": database_url, "SIMULATOR_PORT": str(free_port())}
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator"], cwd=PROJECT, env={**os.environ, **settings}
    )
    while not psutil.Process(process.pid).children():
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    started = time.monotonic()
    process.wait(30)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SIMULATOR_THREADS", "none", "SIMULATOR_THREADS"),
        ("SIMULATOR_DATABASE_URL", "mysql://root@localhost/x", "postgresql://"),
        ("SIMULATOR_USE_CASES_DIR", "/does/not/exist", "/does/not/exist"),
    ],
)
def test_a_setting_that_cannot_be_used_ends_the_start_with_a_sentence(
    name: str, value: str, said: str
) -> None:
    ended = start_and_wait(**{"SIMULATOR_PORT": str(free_port()), name: value})
    assert ended.returncode != 0
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_connection_goes_on_after_an_answer_that_needed_no_body(database_url: str, tmp_path: Path) -> None:
    with running_service("simulator", tmp_path, database_url=database_url) as service:
        host, _, port = service.address.removeprefix("http://").rpartition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.connect()
        first = connection.sock
        for _ in range(3):
            connection.putrequest("PUT", "/root/simulator")
            connection.putheader("Content-Length", "24")
            connection.endheaders()
            time.sleep(0.1)
            connection.send(b'{"set_name": "training"}')
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 405
            assert connection.sock is first
        connection.close()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "reached"), [("localhost", "127.0.0.1"), ("::1", "[::1]"), ("[::1]", "[::1]")]
)
def test_it_listens_on_a_name_and_on_ipv6(host: str, reached: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    environment = {**os.environ, "TEAPOT_HOST": host, "TEAPOT_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "tests.teapot"], cwd=PROJECT, env=environment)
    try:
        wait_until_alive(RunningService(process, f"http://{reached}:{port}", Path(os.devnull)))
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 100 + ".invalid", "1.2.3.4.5"])
def test_a_host_that_is_none_is_told(host: str) -> None:
    done = start_and_wait(SIMULATOR_HOST=host, SIMULATOR_AUTH="off")
    assert done.returncode == 1
    assert host in done.stderr
    assert "Traceback" not in done.stderr
