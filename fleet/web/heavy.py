"""Requests that keep a processor busy for long: a few at a time, a bounded number waits, others come back.

`@heavy` on a resource's method, below `@accepts` so that only what is valid waits, is all that a route says.
A request that waits or works here gives its place among the service's threads to another one.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import ParamSpec, TypeVar

from flask import current_app, request

from fleet.errors import BusyError
from fleet.memory import give_back
from fleet.patience import Patience
from fleet.web.lane import LEAVE_LANE, stay_in_lane

EXTENSION = "mlfleet-heavy"
PATIENCE = "mlfleet.patience"  # in the WSGI environment: how long the request's client waits

SPARE_SHARE, MOST_SPARE_S = 0.1, 2.0  # of the client's patience, left for the answer

P = ParamSpec("P")
R = TypeVar("R")


class TooMuchWorkError(BusyError):
    """As much heavy work as may is being done, and as much waits."""

    retry_after_s = 15

    def __init__(self) -> None:
        super().__init__(
            "Too much heavy work is waiting at the moment",
            "Send the request again after the seconds that Retry-After says",
        )


class HeavyWork:
    """Turns for heavy work. seconds: that a request, which says nothing of its own, waits and works."""

    def __init__(self, *, at_once: int, waiting: int, seconds: float) -> None:
        self._places = BoundedSemaphore(at_once + waiting)
        self._turns = BoundedSemaphore(at_once)
        self.seconds = seconds

    @contextmanager
    def place(self, leave_lane: Callable[[], None]) -> Iterator[None]:
        """A place among those who wait. leave_lane: called in it. Raises TooMuchWorkError."""
        if not self._places.acquire(blocking=False):
            raise TooMuchWorkError
        try:
            leave_lane()
            yield
        finally:
            self._places.release()

    @contextmanager
    def turn(self, leave_lane: Callable[[], None], patience: Patience) -> Iterator[None]:
        """A turn, when it comes. leave_lane: called before it waits.

        Raises TooMuchWorkError, also where nobody waits any more when it comes.
        """
        with self.place(leave_lane):
            if not self._turns.acquire(timeout=patience.left):
                raise TooMuchWorkError
            try:
                if not patience.left:
                    raise TooMuchWorkError
                yield
            finally:
                self._turns.release()
                give_back()


def heavy(method: Callable[P, R]) -> Callable[P, R]:
    """Have the method wait for its turn."""

    @functools.wraps(method)
    def queued(*args: P.args, **kwargs: P.kwargs) -> R:
        work: HeavyWork = current_app.extensions[EXTENSION]
        with work.turn(request.environ.get(LEAVE_LANE, stay_in_lane), patience()):
            return method(*args, **kwargs)

    return queued


@contextmanager
def waiting() -> Iterator[Patience]:
    """A place to wait in for what a worker does; how long that may take, so that there is time to say so."""
    work: HeavyWork = current_app.extensions[EXTENSION]
    whole = patience()
    spare = min(SPARE_SHARE * whole.left, MOST_SPARE_S)
    with work.place(request.environ.get(LEAVE_LANE, stay_in_lane)):
        yield Patience(whole.until - spare, whole.gone)


def patience() -> Patience:
    """How long the client of the request at hand waits. Without a front it is as long as may be, from now."""
    work: HeavyWork = current_app.extensions[EXTENSION]
    return request.environ.setdefault(PATIENCE, Patience.of(work.seconds))  # type: ignore[no-any-return]
