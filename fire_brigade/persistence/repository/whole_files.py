"""Files that are there whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from errno import EDQUOT, EFBIG, ENOSPC
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


def write_whole(contents: Mapping[Path, bytes], mode: int = 0o644) -> None:
    """Puts new files in the place of old ones, once all of them are on the disk.

    Raises FileNotWrittenError; until the last one is on the disk the old ones stay.
    """
    with ExitStack() as stack:
        staged = {path: _stage(path, content, mode, stack) for path, content in contents.items()}
        for path, unnamed in staged.items():
            try:
                unnamed.replace(path)
            except OSError as error:
                raise FileNotWrittenError(path.name, error) from error


def _stage(path: Path, content: bytes, mode: int, stack: ExitStack) -> Path:
    """A file beside the one to be, gone with the stack unless it was renamed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        unnamed = Path(name)
        stack.callback(unnamed.unlink, missing_ok=True)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unnamed.chmod(mode)
    except OSError as error:
        raise FileNotWrittenError(path.name, error) from error
    return unnamed
