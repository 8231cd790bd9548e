"""The CSV files that definitions name, in the simulator's folder of data files."""

from pathlib import Path

from fleet.errors import ConflictError

LARGEST_FILE = 2**30


class FileTooLargeError(ConflictError):
    """The file has more bytes than are read into memory."""

    def __init__(self, file: str) -> None:
        super().__init__(f"The data file {file} has more than {LARGEST_FILE >> 20} MiB", "Use a smaller one")


class DataFiles:
    """Reads files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def has(self, file: str) -> bool:
        """Whether the file is there."""
        return (self._folder / file).is_file()

    def read(self, file: str) -> bytes | None:
        """The file's content; None if it is not there. Raises FileTooLargeError."""
        path = self._folder / file
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise FileTooLargeError(file)
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
