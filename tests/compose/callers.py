"""Clients that call without pause while things break, and keep what they were answered."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

HONEST_FAILURES = (502, 503)  # a sibling or the database is away, and the answer says which
PAUSE_SECONDS = 0.02


@dataclass
class Caller:
    """Calls the same thing again and again. answers: bodies of every 200 and 201."""

    call: Callable[[], requests.Response]
    answers: list[Any] = field(default_factory=list)
    refusals: list[tuple[int, Any]] = field(default_factory=list)
    broken: int = 0

    def run(self, ended: threading.Event) -> None:
        while not ended.is_set():
            self._call_once()

    @property
    def failures(self) -> int:
        """How many calls were not answered with what was asked for."""
        return self.broken + len(self.refusals)

    def dishonest(self) -> list[tuple[int, Any]]:
        """Refusals with another status than those for an outage, or without a word on what to do."""
        return [
            (status, body)
            for status, body in self.refusals
            if status not in HONEST_FAILURES or not body.get("error") or not body.get("message")
        ]

    def _call_once(self) -> None:
        try:
            answer = self.call()
            body = answer.json()
        except requests.RequestException:  # whoever was asked died before it could answer
            self.broken += 1
            time.sleep(PAUSE_SECONDS)
            return
        if answer.ok:
            self.answers.append(body)
        else:
            self.refusals.append((answer.status_code, body))
            time.sleep(PAUSE_SECONDS)


@contextmanager
def calling(*callers: Caller) -> Iterator[None]:
    """All of them call, each in a thread of its own, until the block ends."""
    ended = threading.Event()
    threads = [threading.Thread(target=caller.run, args=(ended,)) for caller in callers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
