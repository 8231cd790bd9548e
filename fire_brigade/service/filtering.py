"""Reads a published file, checks it, and keeps the records of some years."""

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.persistence.repository.record_files import Cell, Records, Row, read_rows
from fleet.errors import ConflictError, FleetError

YEAR = "CalYear"
TELL_EVERY_S = 0.2
# What pandas and the publisher write where there is nothing.
NOTHING = frozenset({"NULL", "null", "#N/A", "N/A", "n/a", "NA", "<NA>", "NaN", "nan", "None"})

Told = Callable[[int, int], None]
"""Is told the rows that were read, and of how many."""


class MissingColumnsError(FleetError):
    """A published file is not as it was."""

    status = 502

    def __init__(self, source: RecordSource, missing: Sequence[str]) -> None:
        super().__init__(
            f"{source.setting}: the file lacks {_columns(missing)}",
            f"Check the address in the setting {source.setting}; if the file has changed, change the setting "
            f"{source.kind}_expected_columns",
        )


class NoRecordsError(FleetError):
    """A published file has at most a header."""

    status = 502

    def __init__(self, source: RecordSource) -> None:
        super().__init__(
            f"{source.setting}: the file holds no records",
            f"Check the address in the setting {source.setting}",
        )


class NothingKeptError(ConflictError):
    """No record is of one of the years."""

    def __init__(self, source: RecordSource, years: Sequence[int], count: int) -> None:
        super().__init__(
            f"None of the {count} {source.kind} records is of {', '.join(map(str, years))}",
            "Set years to years that the published file holds",
        )


@dataclass(frozen=True)
class Filtered:
    """rows: all that came; kept: those of the years."""

    rows: int
    kept: int
    seconds: float


class Filtering:
    """One file, on its way. `fetched` is read; the records of the years are written to `new`."""

    def __init__(self, source: RecordSource, years: tuple[int, ...], fetched: Path, new: Path) -> None:
        self._source = source
        self._years = years
        self._fetched = fetched
        self._new = new
        self._rows = 0
        self._kept = 0

    def __call__(self, told: Told) -> Filtered:
        """Raises WrongFileError, MissingColumnsError, NoRecordsError, NothingKeptError; OSError."""
        started = time.monotonic()
        source = self._source
        records = read_rows(self._fetched, setting=source.setting)
        header = [str(cell).strip() for cell in next(records.rows, [])]
        if not header:
            raise NoRecordsError(source)
        if missing := [
            name for name in dict.fromkeys((*source.expected_columns, YEAR)) if name not in header
        ]:
            raise MissingColumnsError(source, missing)
        with self._new.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(self._of_the_years(records, header.index(YEAR), told))
        if not self._rows:
            raise NoRecordsError(source)
        if not self._kept:
            raise NothingKeptError(source, self._years, self._rows)
        return Filtered(self._rows, self._kept, time.monotonic() - started)

    def _of_the_years(self, records: Records, year: int, told: Told) -> Iterator[Row]:
        wanted: set[Cell] = {form for each in self._years for form in (each, str(each), f"{each}.0")}
        told(0, records.count)
        last = time.monotonic()
        for row in records.rows:
            self._rows += 1
            if self._rows % 1000 == 0 and time.monotonic() - last >= TELL_EVERY_S:
                last = time.monotonic()
                told(self._rows, records.count)
            if row[year] in wanted:
                self._kept += 1
                yield _tidy(row)
        told(self._rows, records.count)


def _tidy(row: Row) -> Row:
    """The cells as they are to be written: a workbook's whole numbers are floats, and blanks may be words."""
    return [
        int(cell) if type(cell) is float and cell.is_integer() else "" if cell in NOTHING else cell
        for cell in row
    ]


def _columns(names: Sequence[str]) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(names)}"
