"""Of tests side by side, those that measure time have the machine to themselves."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

RUN = "PYTEST_XDIST_TESTRUNUID"  # of all processes of one run of pytest; none if there is but one process


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Until the block ends, other processes' tests are beside it, or none is."""
    if RUN not in os.environ:
        yield
        return
    with ExitStack() as whole, ExitStack() as waiting:
        # Whoever wants to be alone would otherwise wait for ever: the others' tests follow one another.
        waiting.enter_context(_locked("queue", fcntl.LOCK_EX))
        whole.enter_context(_locked("turn", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        waiting.close()
        yield


@contextmanager
def _locked(name: str, kind: int) -> Iterator[None]:
    path = Path(tempfile.gettempdir(), f"mlfleet-tests-{os.environ[RUN]}-{name}")
    with path.open("a") as file:
        fcntl.flock(file, kind)
        yield
