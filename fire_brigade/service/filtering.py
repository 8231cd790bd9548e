"""Reads a published file, checks it, and keeps the records of some years."""

import csv
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fire_brigade.persistence.model.records import RecordSource, SourceError, Told
from fire_brigade.persistence.repository.record_files import Cell, Records, Row, read_rows
from fleet.errors import ConflictError
from fleet.whole_files import disk_errors

YEAR = "CalYear"
TELL_EVERY_S = 0.2
# What pandas and the publisher write where there is nothing.
NOTHING = frozenset({"NULL", "null", "#N/A", "N/A", "n/a", "NA", "<NA>", "NaN", "nan", "None"})


class MissingColumnsError(SourceError):
    """A published file is not as it was."""

    status = 502

    def __init__(self, source: RecordSource, missing: Sequence[str]) -> None:
        columns = f"the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        changed = f"; if the file has changed, change the setting {source.kind}_expected_columns"
        super().__init__(source.setting, f"the file lacks {columns}", changed)


class NoRecordsError(SourceError):
    """A published file has at most a header."""

    status = 502

    def __init__(self, source: RecordSource) -> None:
        super().__init__(source.setting, "the file holds no records")


class NothingKeptError(ConflictError):
    """No record is of one of the years."""

    def __init__(self, source: RecordSource, years: Sequence[int], count: int) -> None:
        super().__init__(
            f"None of the {count} {source.kind} records is of {', '.join(map(str, years))}",
            "Set years to years that the published file holds",
        )


@dataclass
class Filtered:
    """rows: all that came; kept: those of the years."""

    rows: int = 0
    kept: int = 0
    seconds: float = 0.0


def filter_records(
    source: RecordSource, years: Sequence[int], fetched: Path, new: Path, told: Told
) -> Filtered:
    """Reads `fetched`, and writes the records of the years to `new`.

    Raises WrongFileError, MissingColumnsError, NoRecordsError, NothingKeptError, FileNotWrittenError.
    """
    started = time.monotonic()
    records = read_rows(fetched, setting=source.setting)
    header = [str(cell).strip() for cell in next(records.rows, [])]
    if not header:
        raise NoRecordsError(source)
    expected = dict.fromkeys((*source.expected_columns, YEAR))
    if missing := [name for name in expected if name not in header]:
        raise MissingColumnsError(source, missing)
    done = Filtered()
    with disk_errors(source.file.name), new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(_of_the_years(records, header.index(YEAR), years, done, told))
    if not done.rows:
        raise NoRecordsError(source)
    if not done.kept:
        raise NothingKeptError(source, years, done.rows)
    done.seconds = time.monotonic() - started
    return done


def _of_the_years(
    records: Records, year: int, years: Sequence[int], done: Filtered, told: Told
) -> Iterator[Row]:
    """The rows to keep; what is read and kept is counted in `done`. year: the column's number."""
    wanted: set[Cell] = {form for each in years for form in (each, str(each), f"{each}.0")}
    told(0, records.count)
    last = time.monotonic()
    for row in records.rows:
        done.rows += 1
        if done.rows % 1000 == 0 and time.monotonic() - last >= TELL_EVERY_S:
            last = time.monotonic()
            told(done.rows, records.count)
        if row[year] in wanted:
            done.kept += 1
            yield _tidy(row)
    told(done.rows, records.count)


def _tidy(row: Row) -> Row:
    """The cells as they are to be written: a workbook's whole numbers are floats, and blanks may be words."""
    return [
        int(cell) if type(cell) is float and cell.is_integer() else "" if cell in NOTHING else cell
        for cell in row
    ]
