"""One command at a time changes what runs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from launcher.background import held
from launcher.settings import make_state_folder

WAITING = "Another ./launch.sh is starting or stopping the stack: waiting for it."
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
        with held(state_dir / "lock", lambda: console.print(WAITING)):
            yield
    finally:
        os.umask(umask)
