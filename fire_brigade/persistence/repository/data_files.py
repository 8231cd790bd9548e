"""Files that are either the old ones or the new ones, never half of each, with one writer at a time."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fire_brigade.persistence.repository.whole_files import FileNotWrittenError
from fleet.errors import ConflictError


class AlreadyRunningError(ConflictError):
    """Another run writes the same file."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another run is writing {name} just now", "Wait until it has ended, then try again")


@contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Keep other runs, of other processes too, from writing this file; raises AlreadyRunningError.

    What a run that was killed left half-written is removed.
    """
    lock = FileLock(path.parent / f".{path.name}.lock")
    with _disk_errors(path.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise AlreadyRunningError(path.name) from error
    try:
        for leftover in path.parent.glob(f"{_part_prefix(path)}*"):
            leftover.unlink()
        yield
    finally:
        lock.release()


@contextmanager
def scratch_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, removed in the end; raises FileNotWrittenError."""
    with _disk_errors(path.name):
        handle, name = tempfile.mkstemp(prefix=_part_prefix(path), suffix=path.suffix, dir=path.parent)
        os.close(handle)
        scratch = Path(name)
        try:
            yield scratch
        finally:
            scratch.unlink(missing_ok=True)


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of `path` at once if all went well, and is removed if not."""
    with scratch_file(path) as scratch:
        yield scratch
        with scratch.open("rb") as written:
            os.fsync(written.fileno())
        scratch.chmod(0o644)  # mkstemp's are for nobody else, but a volume may be shared
        scratch.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _part_prefix(path: Path) -> str:
    return f".{path.name}.part-"


@contextmanager
def _disk_errors(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileNotWrittenError(name, error) from error
