"""Reads CSV row by row, in the one way of the whole fleet: every row has as many cells as the header."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

ROWS_AT_ONCE = 10_000
SHOWN_COLUMNS = 30
SHOWN_TEXT = 60
LONGEST_HEADER = 100_000  # that is looked at for other delimiters
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class CsvError(ValueError):
    """The text cannot be used; the message says why, to people."""


class CsvRows:
    """The rows of a CSV text, as they are read; blank lines are passed over.

    names: the header. lines: as a file gives them that was opened with newline="". Rows are numbered from 1
    in what is told to people. Raises CsvError, and UnicodeDecodeError of a file.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._first_line = ""
        self._reader = csv.reader(self._without_nul(lines), strict=True)
        self._rows = filter(None, self._reader)
        self._next = 1
        self.names: list[str] = []
        self.names = next(iter(self._read(1)), [])
        if not self.names:
            raise CsvError("it is empty")

    def blocks(self) -> Iterator[list[list[str]]]:
        """The rows, many at a time."""
        while block := self._read(ROWS_AT_ONCE):
            self._check_width(block)
            self._next += len(block)
            yield block

    def places(self, wanted: Sequence[str]) -> list[int]:
        """Where these columns are. Raises CsvError: one is not there, or is there twice."""
        absent = [name for name in wanted if name not in self.names]
        if absent:
            raise CsvError(
                f"it has no column {', '.join(map(repr, absent))}; it has {', '.join(self._shown())}"
                + self._delimiter_hint()
            )
        for name in wanted:
            if self.names.count(name) > 1:
                raise CsvError(f"its header names {name!r} {self.names.count(name)} times")
        return [self.names.index(name) for name in wanted]

    def _read(self, most: int) -> list[list[str]]:
        try:
            return list(islice(self._rows, most))
        except csv.Error as error:
            hint = "" if self.names else self._delimiter_hint()
            raise CsvError(f"it is not a CSV file: line {self._reader.line_num}: {error}{hint}") from error

    def _check_width(self, block: Sequence[Sequence[str]]) -> None:
        width = len(self.names)
        if set(map(len, block)) == {width}:
            return
        place = next(place for place, row in enumerate(block) if len(row) != width)
        number, found = self._next + place, len(block[place])
        raise CsvError(f"row {number} has {_cells(found)}, the header {width}{_width_hint(found, width)}")

    def _shown(self) -> Iterator[str]:
        yield from (repr(name[:SHOWN_TEXT]) for name in self.names[:SHOWN_COLUMNS])
        if len(self.names) > SHOWN_COLUMNS:
            yield "..."

    def _delimiter_hint(self) -> str:
        """What else seems to separate the cells: what finds more of them in the first line."""
        for delimiter, called in OTHER_DELIMITERS.items():
            found = next(csv.reader([self._first_line], delimiter=delimiter), [])
            if len(found) > len(next(csv.reader([self._first_line]), [])):
                return f". Its cells seem to be separated by {called} ({delimiter!r}), not by commas"
        return ""

    def _without_nul(self, lines: Iterable[str]) -> Iterator[str]:
        for number, line in enumerate(lines, 1):
            if "\0" in line:
                raise CsvError(f"line {number} holds a NUL, which no text has")
            self._first_line = self._first_line or line[:LONGEST_HEADER].strip("\r\n")
            yield line


def read_csv_bytes(content: bytes) -> CsvRows:
    """The rows of a text in UTF-8, with or without the mark that spreadsheets put in front."""
    return CsvRows(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""))


def check_csv_file(path: Path, columns: Sequence[str]) -> None:
    """Raise CsvError if a row has another width than the header, or one of these columns is there twice.

    Whether they are there at all is not looked at. Raises UnicodeDecodeError and OSError too.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = CsvRows(file)
        rows.places([name for name in columns if name in rows.names])
        for _ in rows.blocks():
            pass


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _width_hint(found: int, width: int) -> str:
    if found == width + 1:
        return (
            ": if the first column holds names of rows, name it too; "
            "put a cell that holds a comma between quotation marks"
        )
    return ": put a cell that holds a comma between quotation marks" if found > width else ""
