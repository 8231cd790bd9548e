"""One command at a time changes what runs."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from launcher.settings import make_state_folder


@contextmanager
def locked(state_dir: Path, console: Console) -> Iterator[None]:
    """Waits for any other command on this state folder; the lock goes with its holder, however that ends."""
    make_state_folder(state_dir)
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another ./launch.sh is starting or stopping the stack: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
