"""Folders for a while, of which those that a killed process left are cleared away later."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "mlfleet-held-"
YOUNG_S = 60.0  # one that was made just now may not be locked yet


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """A folder of its own, removed in the end; its owner holds it locked, however it ends."""
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{purpose}-", ignore_cleanup_errors=True) as name:
        held = os.open(name, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(held)


def clear_abandoned() -> None:
    """Removes the folders whose owners are dead."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # gone by now, held by its owner, or another user's
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(held).st_mtime > YOUNG_S:
                    shutil.rmtree(folder)
            finally:
                os.close(held)
