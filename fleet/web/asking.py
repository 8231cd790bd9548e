"""Asks what may hang, and does not wait for it longer than whoever asks can."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from flask import Flask

T = TypeVar("T")


class NoAnswerYetError(Exception):
    """The time is over, and the question is still out."""


@dataclass(frozen=True)
class Asked(Generic[T]):
    """A question that is out. until: of time.monotonic, when it should have been answered."""

    until: float
    found: Future[T] = field(default_factory=Future)

    def answer(self) -> T:
        """Raises NoAnswerYetError, and what the question raised."""
        try:
            return self.found.result(max(0.0, self.until - time.monotonic()))
        except TimeoutError as error:
            if self.found.done():
                raise
            raise NoAnswerYetError from error


class Asking(Generic[T]):
    """Asks in a thread, in the app's context, one question at a time: who comes meanwhile waits for the same.

    seconds: that a question may take. One that takes longer keeps its thread, and all who come meanwhile are
    told at once that there is no answer, until there is.
    """

    def __init__(self, app: Flask, ask: Callable[[], T], *, seconds: float) -> None:
        self._app = app
        self._ask = ask
        self._seconds = seconds
        self._turn = threading.Lock()
        self._asked: Asked[T] | None = None

    def begin(self) -> Asked[T]:
        """The question that is out, or a new one."""
        with self._turn:
            if self._asked is None or self._asked.found.done():
                self._asked = Asked(time.monotonic() + self._seconds)
                # A daemon: what hangs must not keep the process from ending.
                threading.Thread(target=self._find, args=(self._asked.found,), daemon=True).start()
            return self._asked

    def _find(self, found: Future[T]) -> None:
        try:
            with self._app.app_context():
                answer = self._ask()
        except Exception as error:  # noqa: BLE001  # it is raised where the answer is asked for
            found.set_exception(error)
        else:
            found.set_result(answer)
