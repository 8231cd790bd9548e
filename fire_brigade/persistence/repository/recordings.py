"""Which recordings are being made in MLflow: noted before they begin, to be ended if their maker dies."""

import fcntl
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.whole_files import disk_errors


class Recordings:
    """A file for each recording, which its maker holds locked until it has ended, however that ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def begun(self) -> Iterator[str]:
        """The name of a new recording, which lasts as long as the block. Raises FileNotWrittenError."""
        name = uuid.uuid4().hex
        path = self._folder / name
        with disk_errors("of recordings"):
            self._folder.mkdir(parents=True, exist_ok=True)
            file = path.open("x")
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield name
            finally:
                path.unlink(missing_ok=True)

    def end_stale(self, end: Callable[[str], None]) -> None:
        """Calls `end` with the name of each whose maker is dead, and forgets it once that has worked."""
        for path in sorted(self._folder.glob("*")):
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                end(path.name)
                path.unlink(missing_ok=True)
