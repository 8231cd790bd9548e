"""Takes what a thread of its own makes, some steps ahead."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Full, Queue
from threading import Event
from typing import TypeVar

T = TypeVar("T")

AHEAD = 2
LOOK_S = 0.1


class NobodyTakesError(Exception):
    """Whoever took has left."""


@contextmanager
def read_ahead(read: Callable[[Callable[[T], object]], object]) -> Iterator[Iterator[T]]:
    """What `read` hands over, one after the other, as long as the block lasts.

    What it raises is raised in place of the next one; its next step raises NobodyTakesError after the block.
    """
    made: Queue[T | None] = Queue(AHEAD)
    left = Event()

    def hand_over(thing: T | None) -> None:
        while not left.is_set():
            with suppress(Full):
                made.put(thing, timeout=LOOK_S)
                return
        raise NobodyTakesError

    def work() -> None:
        try:
            read(hand_over)
        finally:
            with suppress(NobodyTakesError):
                hand_over(None)

    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        done = pool.submit(work)

        def taken() -> Iterator[T]:
            while (thing := made.get()) is not None:
                yield thing
            done.result()

        try:
            yield taken()
        finally:
            left.set()
