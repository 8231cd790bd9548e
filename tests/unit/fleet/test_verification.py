"""Passwords and keys: remembered for a while, never told apart, counted where they are wrong."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from argon2 import PasswordHasher

from fleet.web.failures import MOST_CLIENTS, MOST_FAILURES, WINDOW_S, Failures, TooManyFailuresError
from fleet.web.verification import MOST_HASHES, REMEMBERED_S, TooManyPasswordsError, Verifier
from tests.accounts import API_KEYS, KEYS, PASSWORDS, USERS

HERE, THERE = "192.0.2.1", "192.0.2.2"


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Hashed:
    """The hashes that passwords were held against."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hashes: list[str] = []
        verify = PasswordHasher.verify

        def watched(hasher: PasswordHasher, password_hash: str, password: str) -> Any:
            self.hashes.append(password_hash)
            return verify(hasher, password_hash, password)

        monkeypatch.setattr(PasswordHasher, "verify", watched)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def verifier(clock: Clock) -> Verifier:
    return Verifier(USERS, API_KEYS, clock)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Hashed:
    return Hashed(monkeypatch)


def fail(verifier: Verifier, address: str, times: int = MOST_FAILURES) -> None:
    for number in range(times):
        assert verifier.user("alice", f"wrong {number}", address) is None


def test_a_right_password_is_hashed_once_while_it_is_remembered(
    verifier: Verifier, clock: Clock, hashed: Hashed
) -> None:
    for _ in range(3):
        assert verifier.user("alice", PASSWORDS["alice"], HERE) == USERS[0]
    assert len(hashed.hashes) == 1
    clock.now += REMEMBERED_S + 1
    verifier.user("alice", PASSWORDS["alice"], HERE)
    assert len(hashed.hashes) == 2


def test_nothing_remembered_holds_a_password(verifier: Verifier) -> None:
    verifier.user("alice", PASSWORDS["alice"], HERE)
    assert PASSWORDS["alice"] not in repr(vars(verifier))
    assert PASSWORDS["alice"].encode() not in b"".join(vars(verifier)["_remembered"])


def test_a_remembered_password_is_of_its_user_only(verifier: Verifier) -> None:
    verifier.user("alice", PASSWORDS["alice"], HERE)
    assert verifier.user("bob", PASSWORDS["alice"], HERE) is None
    assert verifier.user("alice", PASSWORDS["alice"] + " ", HERE) is None


def test_an_unknown_user_costs_a_hash_as_dear_as_a_users(verifier: Verifier, hashed: Hashed) -> None:
    assert verifier.user("alice", "wrong", HERE) is None
    assert verifier.user("nobody", "wrong", HERE) is None
    known, unknown = hashed.hashes
    assert known == USERS[0].password_hash
    assert unknown.split("$")[:4] == known.split("$")[:4]


@pytest.mark.parametrize("password", ["", "\udcff", "x" * 100_000])
def test_odd_passwords_are_wrong_ones(verifier: Verifier, password: str) -> None:
    assert verifier.user("alice", password, HERE) is None


def test_after_some_failures_a_client_has_to_wait(verifier: Verifier, clock: Clock, hashed: Hashed) -> None:
    fail(verifier, HERE)
    with pytest.raises(TooManyFailuresError) as caught:
        verifier.user("alice", PASSWORDS["alice"], HERE)
    assert (caught.value.status, caught.value.retry_after_s) == (429, WINDOW_S)
    assert len(hashed.hashes) == MOST_FAILURES  # a refused one costs nothing
    clock.now += WINDOW_S + 1
    assert verifier.user("alice", PASSWORDS["alice"], HERE) == USERS[0]


def test_failures_within_the_minute_do_not_put_its_end_off(verifier: Verifier, clock: Clock) -> None:
    fail(verifier, HERE, MOST_FAILURES - 1)
    clock.now += WINDOW_S - 1
    fail(verifier, HERE, 1)
    clock.now += 2
    assert verifier.user("alice", PASSWORDS["alice"], HERE) == USERS[0]


def test_others_are_not_kept_waiting(verifier: Verifier) -> None:
    fail(verifier, HERE)
    assert verifier.user("alice", PASSWORDS["alice"], THERE) == USERS[0]
    # Who is remembered gets in from the same address too, and so does a right key.
    assert verifier.user("alice", PASSWORDS["alice"], HERE) == USERS[0]
    assert verifier.key(KEYS["robot"], HERE) == API_KEYS[0]


def test_wrong_keys_count_too(verifier: Verifier) -> None:
    for number in range(MOST_FAILURES):
        assert verifier.key(f"wrong {number}", HERE) is None
    with pytest.raises(TooManyFailuresError):
        verifier.key("wrong", HERE)


def test_neighbours_of_an_ipv6_network_are_one_client() -> None:
    failures = Failures()
    for number in range(MOST_FAILURES):
        failures.count(f"2001:db8::{number + 1:x}")
    with pytest.raises(TooManyFailuresError):
        failures.check("2001:db8::ffff")
    failures.check("2001:db8:0:1::1")


def test_the_clients_that_are_counted_are_bounded() -> None:
    failures = Failures()
    for number in range(MOST_CLIENTS + 500):
        failures.count(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(vars(failures)["_counts"]) == MOST_CLIENTS


def test_a_client_without_an_address_is_counted_too() -> None:
    failures = Failures()
    for _ in range(MOST_FAILURES):
        failures.count(None)
    with pytest.raises(TooManyFailuresError):
        failures.check("not an address")


def test_few_passwords_wait_for_their_hash_and_others_come_back(verifier: Verifier) -> None:
    with verifier_held(verifier), ThreadPoolExecutor(MOST_HASHES) as pool:
        waiting = [
            pool.submit(verifier.user, "alice", f"wrong {n}", f"10.0.0.{n}") for n in range(MOST_HASHES)
        ]
        wait_until(lambda: len(vars(verifier)["_pending"]) == MOST_HASHES)
        with pytest.raises(TooManyPasswordsError) as caught:
            verifier.user("alice", PASSWORDS["alice"], HERE)
        assert (caught.value.status, caught.value.retry_after_s) == (429, 1)
        assert verifier.key(KEYS["robot"], HERE) == API_KEYS[0]
        vars(verifier)["_hashing"].release()
        assert [each.result(10) for each in waiting] == [None] * MOST_HASHES
        vars(verifier)["_hashing"].acquire()
    assert verifier.user("alice", PASSWORDS["alice"], HERE) == USERS[0]


def test_requests_with_the_same_password_wait_for_one_hash(verifier: Verifier, hashed: Hashed) -> None:
    many = 3 * MOST_HASHES
    with verifier_held(verifier), ThreadPoolExecutor(many) as pool:
        waiting = [pool.submit(verifier.user, "alice", PASSWORDS["alice"], HERE) for _ in range(many)]
        wait_until(lambda: vars(verifier)["_waiting"] == many)
        vars(verifier)["_hashing"].release()
        assert [each.result(10) for each in waiting] == [USERS[0]] * many
        vars(verifier)["_hashing"].acquire()
    assert len(hashed.hashes) == 1


def test_who_is_remembered_does_not_wait(verifier: Verifier) -> None:
    verifier.user("alice", PASSWORDS["alice"], HERE)
    with verifier_held(verifier):
        assert verifier.user("alice", PASSWORDS["alice"], HERE) == USERS[0]


def test_a_request_gives_its_thread_up_before_it_waits(verifier: Verifier) -> None:
    told: list[str] = []
    verifier.user("alice", PASSWORDS["alice"], HERE, waits=lambda: told.append("once"))
    verifier.user("alice", PASSWORDS["alice"], HERE, waits=lambda: told.append("remembered"))
    assert told == ["once"]


@contextmanager
def verifier_held(verifier: Verifier) -> Iterator[None]:
    """As if a hash took as long as the block."""
    with vars(verifier)["_hashing"]:
        yield


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)
