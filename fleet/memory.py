"""Memory that was used and is not any more goes back to the system."""

import ctypes
import sys

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_trim = getattr(_libc, "malloc_trim", None)  # of glibc; other libraries give back by themselves


def give_back() -> None:
    """Hand freed memory to the system, after work that took much of it.

    glibc keeps what its arenas, of which each thread may have one, hold between two things still in use. It
    takes milliseconds, in which other threads go on.
    """
    if _trim is not None:
        _trim(0)
