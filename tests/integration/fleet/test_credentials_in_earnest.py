"""Credentials of a service as it runs in earnest: its start, its files, its headers, its log."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from fleet.credentials import make_key, user_line
from fleet.web.failures import MOST_FAILURES
from tests.accounts import basic, bearer
from tests.running import PROJECT, RunningService, running_service

pytestmark = pytest.mark.slow

PASSWORD = "a password of the test"
PATH = "/root/simulator"


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


@pytest.fixture
def key() -> tuple[str, str]:
    """A key of a program that may read, and its line."""
    return make_key("prometheus", "user")


@pytest.fixture
def service(database_url: str, tmp_path: Path, key: tuple[str, str]) -> Iterator[RunningService]:
    """The simulator behind one proxy, with a user and a key from files."""
    users, keys = tmp_path / "users", tmp_path / "keys"
    users.write_text(f"# people\n{user_line('alice', 'admin', PASSWORD)}\n", encoding="utf-8")
    keys.write_text(f"{key[1]}\n", encoding="utf-8")
    with running_service(
        "simulator",
        tmp_path,
        database_url=database_url,
        users_file=str(users),
        api_keys_file=str(keys),
        trusted_proxies="1",
    ) as running:
        yield running


@pytest.mark.parametrize(
    "environment",
    [
        {"SIMULATOR_HOST": "0.0.0.0"},  # noqa: S104
        {"SIMULATOR_PUBLISH_ADDRESS": "10.0.0.1"},
        {"SIMULATOR_AUTH": "on"},
    ],
)
def test_a_service_that_has_nobody_to_let_in_does_not_start(environment: dict[str, str]) -> None:
    done = start_and_wait(**environment)
    assert done.returncode == 1
    assert "SIMULATOR_USERS and SIMULATOR_API_KEYS are empty" in done.stderr
    assert "SIMULATOR_AUTH=off" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2


def test_a_line_that_cannot_be_read_ends_the_start_and_is_not_shown(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"alice:admin:{PASSWORD}", encoding="utf-8")
    done = start_and_wait(SIMULATOR_USERS_FILE=str(users))
    assert done.returncode == 1
    assert "SIMULATOR_USERS: " in done.stderr
    assert "line 1" in done.stderr
    assert PASSWORD not in done.stderr


def test_users_and_keys_from_files_are_let_in_and_no_secret_gets_out(
    service: RunningService, key: tuple[str, str]
) -> None:
    mistyped = "mistyped password"
    address = service.address + PATH
    statuses = [
        requests.get(address, headers=headers, timeout=10).status_code
        for headers in ({}, basic("alice", PASSWORD), bearer(key[0]), basic("alice", mistyped))
    ]
    assert statuses == [401, 200, 200, 401]
    load = {"set_name": "dataset"}
    assert requests.post(address, json=load, headers=bearer(key[0]), timeout=10).status_code == 403
    assert requests.post(address, json=load, headers=basic("alice", PASSWORD), timeout=10).status_code == 200
    process = psutil.Process(service.process.pid)
    shown = [service.log.read_text(encoding="utf-8")]
    for each in (process, *process.children(recursive=True)):
        shown += [*each.cmdline(), *each.environ().values()]
    for secret in (PASSWORD, mistyped, key[0], basic("alice", PASSWORD)["Authorization"]):
        assert not [text for text in shown if secret in text]


def test_failures_are_counted_by_the_address_that_the_proxy_names(service: RunningService) -> None:
    def fail(address: str) -> requests.Response:
        headers = {**basic("alice", "wrong"), "X-Forwarded-For": address}
        return requests.get(service.address + PATH, headers=headers, timeout=10)

    statuses = [fail("203.0.113.7").status_code for _ in range(MOST_FAILURES)]
    assert statuses == [401] * MOST_FAILURES
    refused = fail("198.51.100.1, 203.0.113.7")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert fail("203.0.113.8").status_code == 401
