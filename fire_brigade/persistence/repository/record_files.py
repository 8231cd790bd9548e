"""Reads the published files row by row: .xlsx workbooks by calamine, and CSV."""

import csv
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from fire_brigade.persistence.repository.downloads import WrongFileError

Cell = str | float | bool | date | datetime | time | timedelta
Row = list[Cell]

ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
BEGINNING = 2048
ROWS_LOOKED_AT = 1000
LARGEST_UNPACKED_BYTES = 8 * 1024**3


def read_rows(path: Path, *, setting: str) -> Iterator[Row]:
    """Every row of the first sheet, or of the CSV file, the header first; a blank cell is "".

    What a file is, its content says and not its name. A workbook is held in memory while its rows are read.
    Raises WrongFileError: neither of the two, or broken.
    """
    with path.open("rb") as file:
        beginning = file.read(BEGINNING)
    if beginning.startswith(ZIP):
        return _workbook_rows(path, setting)
    if beginning.startswith(OLD_EXCEL):
        raise WrongFileError(setting, "it is a workbook of the old form (.xls)")
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise WrongFileError(setting, "it is a web page instead of a workbook or CSV file")
    if b"\0" in beginning:
        raise WrongFileError(setting, "it is neither a workbook (.xlsx) nor a CSV file")
    return _csv_rows(path, setting)


def _workbook_rows(path: Path, setting: str) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(path) as package:
            members = package.infolist()
    except zipfile.BadZipFile as error:
        raise WrongFileError(setting, "the workbook is cut off or broken") from error
    if not any(member.filename == "xl/workbook.xml" for member in members):
        raise WrongFileError(setting, "it is an archive, but no workbook (.xlsx)")
    if sum(member.file_size for member in members) > LARGEST_UNPACKED_BYTES:
        raise WrongFileError(setting, "the workbook is too large to be unpacked")
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            yield from _with_whole_moments(workbook.get_sheet_by_index(0).iter_rows())
    except CalamineError as error:
        raise WrongFileError(setting, "the workbook is broken") from error


def _with_whole_moments(rows: Iterator[Row]) -> Iterator[Row]:
    """Rows in which a moment at midnight is a moment again: calamine makes a date of it."""
    first = list(islice(rows, ROWS_LOOKED_AT))
    moments = {column for row in first for column, cell in enumerate(row) if isinstance(cell, datetime)}
    for row in chain(first, rows):
        for column in moments:
            cell = row[column]
            if isinstance(cell, date) and not isinstance(cell, datetime):
                row[column] = datetime.combine(cell, time())
        yield row


def _csv_rows(path: Path, setting: str) -> Iterator[Row]:
    width = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in filter(None, reader):
                width = width or len(row)
                if len(row) != width:
                    raise WrongFileError(setting, f"line {reader.line_num} is broken or cut off")
                yield list(row)
    except UnicodeDecodeError as error:
        raise WrongFileError(setting, "it is not text in UTF-8") from error
    except csv.Error as error:
        raise WrongFileError(setting, f"line {reader.line_num} is broken or cut off") from error
