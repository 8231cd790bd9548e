"""One command at a time changes what runs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from launcher.settings import make_state_folder

PRIVATE = ("logs", "run", "mlartifacts", "fire_brigade")  # the others see to themselves


@contextmanager
def locked(state_dir: Path, console: Console) -> Iterator[None]:
    """Waits for any other command on this state folder; the lock goes with its holder, however that ends.

    Whatever is made below the folder meanwhile, and by what is started, is for its owner alone.
    """
    make_state_folder(state_dir)
    umask = os.umask(0o077)
    try:
        for folder in PRIVATE:
            if (state_dir / folder).is_dir():
                (state_dir / folder).chmod(0o700)
        with _held(state_dir, console):
            yield
    finally:
        os.umask(umask)


@contextmanager
def _held(state_dir: Path, console: Console) -> Iterator[None]:
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.print("Another ./launch.sh is starting or stopping the stack: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
