"""Of tests side by side, those that measure time have the machine to themselves."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def turn(folder: Path | None, *, alone: bool) -> Iterator[None]:
    """Until the block ends, other processes' tests are beside it, or none is.

    folder: that the processes share; None if there is but one.
    """
    if folder is None:
        yield
        return
    with ExitStack() as whole, ExitStack() as waiting:
        # Whoever wants to be alone would otherwise wait for ever: the others' tests follow one another.
        waiting.enter_context(_locked(folder / "queue", fcntl.LOCK_EX))
        whole.enter_context(_locked(folder / "turn", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        waiting.close()
        yield


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, kind)
        yield
