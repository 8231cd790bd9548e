"""Ctrl-C, SIGTERM and SIGHUP as one exception, held back where stopping would leave something half done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):  # not an error: somebody asked us to stop
    """Somebody asked this command to stop. status: what it exits with."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.status = 128 + number


class Interrupts:
    """Raises Interrupted in the main thread when a signal arrives."""

    def __init__(self) -> None:
        self._depth = 0
        self._pending: int | None = None

    def install(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._arrived)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Signals that arrive inside are raised at the end."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._depth == 0 and self._pending is not None:
            number, self._pending = self._pending, None
            raise Interrupted(number)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._depth:
            self._pending = number
        else:
            raise Interrupted(number)


interrupts = Interrupts()  # signals belong to the whole process, so there is one
