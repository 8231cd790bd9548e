"""Files that are there whole or not at all."""

import os
import tempfile
from errno import ENOSPC
from pathlib import Path

from fleet.errors import FleetError


class FileNotWrittenError(FleetError):
    """The operating system refused to write a file."""

    status = 503

    def __init__(self, name: str, error: OSError) -> None:
        full = error.errno == ENOSPC
        super().__init__(
            f"The file {name} could not be written: {'the disk is full' if full else error.strerror}",
            "Make room on the disk" if full else "Check that its folder is there and may be written to",
        )


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Puts a new file in the place of the old one. Raises FileNotWrittenError; the old one then stays."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileNotWrittenError(path.name, error) from error
