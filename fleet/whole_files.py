"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from errno import EDQUOT, EFBIG, EISDIR, ENOSPC
from pathlib import Path

from fleet.errors import FleetError


class FileNotWrittenError(FleetError):
    """The operating system refused to write a file."""

    status = 503

    def __init__(self, name: str, error: OSError) -> None:
        full = error.errno in (ENOSPC, EDQUOT, EFBIG)
        super().__init__(
            f"The file {name} could not be written: {'the disk is full' if full else error.strerror}",
            "Make room on the disk" if full else "Check that its folder is there and may be written to",
        )


@contextmanager
def disk_errors(name: str) -> Iterator[None]:
    """Turn errors of the disk into FileNotWrittenError."""
    try:
        yield
    except OSError as error:
        raise FileNotWrittenError(name, error) from error


def part_prefix(path: Path) -> str:
    """How the names of files begin that are to take the place of `path`."""
    return f".{path.name}.part-"


def write_whole(contents: Mapping[Path, bytes], mode: int = 0o600) -> None:
    """Puts new files in the place of old ones, once all of them are on the disk.

    Each is the old one or the new one, never half of it. mode: whose they are; their owner's alone unless
    given. Raises FileNotWrittenError: until the last one is on the disk all of the old ones stay; should
    putting them in place break off, the first may be new already.
    """
    with ExitStack() as stack:
        for path, unnamed in [
            (path, stack.enter_context(staged(path, content, mode))) for path, content in contents.items()
        ]:
            put(unnamed, path)


def write_first(path: Path, content: bytes) -> None:
    """Writes a file that its owner alone may read, unless there is one: that of the first writer stays.

    Raises FileNotWrittenError.
    """
    with staged(path, content) as unnamed, disk_errors(path.name):
        with suppress(FileExistsError):
            os.link(unnamed, path)
        _sync_folder(path)


@contextmanager
def staged(path: Path, content: bytes, mode: int = 0o600) -> Iterator[Path]:
    """A file with this content beside `path`, on the disk; removed in the end unless it was renamed.

    Raises FileNotWrittenError.
    """
    with _unnamed(path) as unnamed:
        with disk_errors(path.name):
            unnamed.write_bytes(content)
            finish(unnamed, mode)
        yield unnamed


@contextmanager
def scratch_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path`, of its kind, removed in the end unless it was renamed.

    An error of the disk within the block is a FileNotWrittenError too.
    """
    with disk_errors(path.name), _unnamed(path, path.suffix) as scratch:
        yield scratch


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write, which takes the place of `path` at once if all went well, and is removed if not."""
    with scratch_file(path) as scratch:
        yield scratch
        finish(scratch)
        put(scratch, path)


def finish(new: Path, mode: int = 0o644) -> None:
    """Have all of it on the disk, and say whose it is; everybody may read it unless given. Raises OSError."""
    with new.open("rb") as written:
        os.fsync(written.fileno())
    new.chmod(mode)


@contextmanager
def _unnamed(path: Path, suffix: str = "") -> Iterator[Path]:
    """Its name is one of those that whoever clears away after a run that was killed looks for."""
    with disk_errors(path.name):
        if path.is_dir():
            raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=part_prefix(path), suffix=suffix)
        os.close(descriptor)
    unnamed = Path(name)
    try:
        yield unnamed
    finally:
        with disk_errors(path.name):
            unnamed.unlink(missing_ok=True)


def put(file: Path, path: Path) -> None:
    """Renames it to `path` for good: a loss of power does not undo it. Raises FileNotWrittenError."""
    with disk_errors(path.name):
        file.replace(path)
        _sync_folder(path)


def _sync_folder(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
