"""Files that tell processes of one another: who writes one, who reads several, who is recording a run."""

import fcntl
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fleet.errors import ConflictError
from fleet.whole_files import FileNotWrittenError, disk_errors, finish, part_prefix, put


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
    with _locked([path], "lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
        for each in (path, *forms):
            for leftover in path.parent.glob(f"{part_prefix(each)}*"):
                leftover.unlink()
        yield


def clear_up(path: Path, *forms: Path) -> None:
    """Remove what a run that was killed left half-written, unless another run writes the file by now."""
    with suppress(AlreadyRunningError, FileNotWrittenError), only_writer(path, *forms):
        pass


def replace_together(files: Mapping[Path, Path]) -> None:
    """Rename each file to the path behind it, one right after the other, while nobody reads them together.

    All of them are on the disk before the first takes its place. Raises FileNotWrittenError.
    """
    for new, path in files.items():
        with disk_errors(path.name):
            finish(new)
    with _locked(files.values(), "readers.lock", fcntl.LOCK_EX):
        for new, path in files.items():
            put(new, path)


@contextmanager
def read_together(paths: Iterable[Path]) -> Iterator[None]:
    """Keep `replace_together` from replacing any of these files for the block; waits while it does so.

    Raises FileNotWrittenError.
    """
    with _locked(paths, "readers.lock", fcntl.LOCK_SH):
        yield


@contextmanager
def _locked(paths: Iterable[Path], name: str, how: int) -> Iterator[None]:
    """Holds a lock on each. Raises AlreadyRunningError where it is not to wait."""
    with ExitStack() as stack:
        for path in sorted(paths):  # all take them in the same order: nobody waits for one who waits for him
            with disk_errors(path.name):
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((path.parent / f".{path.name}.{name}").open("a"))
                try:
                    fcntl.flock(lock, how)
                except BlockingIOError as error:
                    raise AlreadyRunningError(path.name) from error
        yield


class Recordings:
    """Which recordings are being made in MLflow: noted before they begin, to be ended if their maker dies.

    Each has a file, which its maker holds locked until it has ended, however that ends.
    """

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
