"""Readiness has a deadline of its own, whatever hangs."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, current_app

from fleet.errors import UnavailableError
from fleet.web import health
from fleet.web.health import HangingError, Readiness

WITHIN_S = 0.2


@pytest.fixture(autouse=True)
def _short_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "READY_S", WITHIN_S)


@pytest.fixture
def going() -> Iterator[threading.Event]:
    """What hangs goes on once it is set."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.alone
def test_what_hangs_is_named_and_asked_once_however_many_come(going: threading.Event) -> None:
    asked = []

    def hang() -> None:
        asked.append(current_app.name)
        going.wait(10)

    ready = Readiness(Flask("tea"), {"The tap": lambda: None, "The pot": hang})

    def probe(_: int) -> str:
        with pytest.raises(HangingError) as caught:
            ready()
        return caught.value.error

    before = threading.active_count()
    started = time.monotonic()
    with ThreadPoolExecutor(10) as pool:
        said = set(pool.map(probe, range(100)))
    assert time.monotonic() - started < 5 * WITHIN_S
    assert said == {f"The pot does not answer within {WITHIN_S} seconds"}
    assert asked == ["tea"]
    assert threading.active_count() == before + 1
    going.set()
    for thread in threading.enumerate():
        if thread.daemon:
            thread.join(5)
    ready()
    assert asked == ["tea", "tea"]


def test_a_check_that_refuses_says_why() -> None:
    def refuse() -> None:
        raise UnavailableError("No water", "Open the tap")

    def break_down() -> None:
        raise TimeoutError("of the check itself")

    with pytest.raises(UnavailableError, match="No water"):
        Readiness(Flask("tea"), {"The tap": refuse})()
    with pytest.raises(TimeoutError, match="itself"):
        Readiness(Flask("tea"), {"The tap": break_down})()
