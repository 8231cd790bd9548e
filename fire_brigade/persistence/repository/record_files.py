"""Reads the published files row by row: .xlsx workbooks by calamine, and CSV."""

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook
from xlsxwriter.utility import xl_cell_to_rowcol

from fire_brigade.persistence.repository.downloads import WrongFileError

Cell = str | float | bool | date | datetime | time | timedelta
Row = list[Cell]

ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
BEGINNING = 2048
ROWS_LOOKED_AT = 1000
BLOCK = 1024 * 1024
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others cannot be unpacked a block at a time
# Published workbooks unpack to eight times their size. In memory their cells take twice what they unpack to.
LARGEST_UNPACKED_BYTES = 3 * 1024**3 // 2
# Of the rectangle that holds all cells of a sheet, the empty ones too: each takes 32 bytes in memory.
# Published sheets have 20 million.
MOST_CELLS = 100_000_000
SHEETS = "xl/worksheets/"
DIMENSION = re.compile(rb'<(?:\w+:)?dimension\s[^>]*?ref="[^":]*:([A-Z]{1,3}[0-9]{1,7})"')


@dataclass(frozen=True)
class Records:
    """The rows of a file, the header first; a blank cell is "".

    count: of all of them; in CSV of the lines, which are more where a cell holds a line end.
    """

    count: int
    rows: Iterator[Row]


def read_rows(path: Path, *, setting: str) -> Records:
    """Every row of the first sheet, or of the CSV file.

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
    return Records(_lines(path), _csv_rows(path, setting))


def _workbook_rows(path: Path, setting: str) -> Records:
    _check_package(path, setting)
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            sheet = workbook.get_sheet_by_index(0)
    except CalamineError as error:
        raise WrongFileError(setting, "the workbook is broken") from error
    return Records(sheet.height, _with_whole_moments(sheet.iter_rows()))


def _check_package(path: Path, setting: str) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            if "xl/workbook.xml" not in package.namelist():
                raise WrongFileError(setting, "it is an archive, but no workbook (.xlsx)")
            if any(member.compress_type not in PACKINGS for member in package.infolist()):
                raise WrongFileError(setting, "the workbook is packed as no spreadsheet program does it")
            _check_sizes(package, setting)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:  # the last if it is encrypted
        raise WrongFileError(setting, "the workbook is cut off or broken") from error


def _check_sizes(package: zipfile.ZipFile, setting: str) -> None:
    """Counts what is there: what an archive says of its members may be a lie."""
    count = 0
    for member in package.infolist():
        member.file_size = 2 * LARGEST_UNPACKED_BYTES  # it would be read only as far as it says
        cells = 0
        with package.open(member) as unpacked:
            is_first = True
            while block := unpacked.read(BLOCK):
                count += len(block)
                if count > LARGEST_UNPACKED_BYTES:
                    raise WrongFileError(setting, "the workbook is too large to be unpacked")
                if member.filename.startswith(SHEETS):
                    cells = max(cells, _declared(block)) if is_first else cells
                    is_first = False
                    if cells > MOST_CELLS:
                        raise WrongFileError(
                            setting, f"a sheet has {cells} cells; at most {MOST_CELLS} are read"
                        )


def _declared(beginning: bytes) -> int:
    """The cells of the rectangle that a sheet says it fills; 0 if it says nothing."""
    found = DIMENSION.search(beginning)
    if found is None:
        return 0
    row, column = xl_cell_to_rowcol(found[1].decode())  # of the last cell; both from 0
    return int((row + 1) * (column + 1))


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


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))


def _csv_rows(path: Path, setting: str) -> Iterator[Row]:
    width = None
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in filter(None, reader):
                width = width or len(row)
                if len(row) != width:
                    reason = f"it has {len(row)} cells, the header {width}"
                    raise WrongFileError(setting, f"line {reader.line_num} is broken or cut off: {reason}")
                yield list(row)
    except UnicodeDecodeError as error:
        raise WrongFileError(setting, "it is not text in UTF-8") from error
    except csv.Error as error:
        raise WrongFileError(setting, f"line {reader.line_num} is broken or cut off") from error
