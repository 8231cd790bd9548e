"""Keeps what libraries warn about during a search off the service's log."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_filters = warnings.catch_warnings()
_inside = 0


@contextmanager
def no_warnings() -> Iterator[None]:
    """Silence warnings while any thread is inside.

    `warnings.catch_warnings` alone is not safe across threads: whoever leaves last would restore what
    another thread had set.
    """
    global _inside, _filters  # noqa: PLW0603  # one process has one list of warning filters
    with _lock:
        if _inside == 0:
            _filters = warnings.catch_warnings()
            _filters.__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _filters.__exit__(None, None, None)
