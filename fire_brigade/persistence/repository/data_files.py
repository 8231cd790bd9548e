"""Files that are either the old ones or the new ones, never half of each, with one writer at a time."""

import fcntl
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fleet.errors import ConflictError
from fleet.whole_files import disk_errors, part_prefix, put


class AlreadyRunningError(ConflictError):
    """Another run writes the same file."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another run is writing {name} just now", "Wait until it has ended, then try again")


@contextmanager
def only_writer(path: Path, *forms: Path) -> Iterator[None]:
    """Keep other runs, of other processes too, from writing this file; raises AlreadyRunningError.

    forms: further files beside it that only its writer writes. What a run that was killed left half-written
    of any of them is removed.
    """
    lock = FileLock(path.parent / f".{path.name}.lock")
    with disk_errors(path.name):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise AlreadyRunningError(path.name) from error
    try:
        for each in (path, *forms):
            for leftover in path.parent.glob(f"{part_prefix(each)}*"):
                leftover.unlink()
        yield
    finally:
        lock.release()


@contextmanager
def scratch_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, removed in the end; raises FileNotWrittenError."""
    with disk_errors(path.name):
        handle, name = tempfile.mkstemp(prefix=part_prefix(path), suffix=path.suffix, dir=path.parent)
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
        _finish(scratch)
        put(scratch, path)


def replace_together(files: Mapping[Path, Path]) -> None:
    """Rename each file to the path behind it, one right after the other, while nobody reads them together.

    All of them are on the disk before the first takes its place. Raises FileNotWrittenError.
    """
    for new, path in files.items():
        with disk_errors(path.name):
            _finish(new)
    with _locked(files.values(), fcntl.LOCK_EX):
        for new, path in files.items():
            put(new, path)


@contextmanager
def read_together(paths: Iterable[Path]) -> Iterator[None]:
    """Keep `replace_together` from replacing any of these files for the block; waits while it does so.

    Raises FileNotWrittenError.
    """
    with _locked(paths, fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(paths: Iterable[Path], how: int) -> Iterator[None]:
    """Waits for a lock on each, as long as reading takes at most."""
    with ExitStack() as stack:
        for path in sorted(paths):  # all take them in the same order: nobody waits for one who waits for him
            with disk_errors(path.name):
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((path.parent / f".{path.name}.readers.lock").open("a"))
                fcntl.flock(lock, how)
        yield


def _finish(new: Path) -> None:
    with new.open("rb") as written:
        os.fsync(written.fileno())
    new.chmod(0o644)  # mkstemp's are for nobody else, but a volume may be shared
