"""What is no workbook that a computer can hold is refused before it is unpacked into memory."""

import os
import signal
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from fire_brigade.persistence.model.records import Told
from fire_brigade.persistence.repository import record_files
from fire_brigade.persistence.repository.downloads import WrongFileError
from fire_brigade.persistence.repository.record_files import read_rows
from fire_brigade.persistence.repository.tables import write_workbook
from fire_brigade.service.process_data import (
    MEMORY_BYTES,
    ReaderDiedError,
    read_apart,
)
from fleet.killable import WorkerFailedError

LARGE = 2_000_000


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "small.xlsx"
    write_workbook(pd.DataFrame({"CalYear": [2022, 2023]}), path, sheet="made up")
    return path


def add_member(workbook: Path, packing: int) -> None:
    with zipfile.ZipFile(workbook, "a", packing) as package:
        package.writestr("xl/more.xml", bytes(LARGE))


def test_the_rows_are_counted(workbook: Path) -> None:
    records = read_rows(workbook, setting="url")
    assert records.count == 3
    assert list(records.rows) == [["CalYear"], [2022.0], [2023.0]]


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_workbook_that_is_packed_as_none_is_refused(packing: int, workbook: Path) -> None:
    add_member(workbook, packing)
    with pytest.raises(WrongFileError, match="url: the workbook is packed"):
        read_rows(workbook, setting="url")


@pytest.mark.parametrize("honest", [True, False])
def test_a_workbook_that_is_too_large_unpacked_is_refused(
    honest: bool, workbook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_files, "LARGEST_UNPACKED_BYTES", LARGE // 2)
    add_member(workbook, zipfile.ZIP_DEFLATED)
    if not honest:
        said, lie = (size.to_bytes(4, "little") for size in (LARGE, 10))
        workbook.write_bytes(workbook.read_bytes().replace(said, lie))
    with pytest.raises(WrongFileError, match="too large to be unpacked"):
        read_rows(workbook, setting="url")


def test_a_workbook_that_is_large_and_not_too_large_is_read(workbook: Path) -> None:
    add_member(workbook, zipfile.ZIP_DEFLATED)
    assert read_rows(workbook, setting="url").count == 3


def with_sheet(workbook: Path, sheet: bytes) -> Path:
    """The same workbook with another first sheet."""
    other = workbook.with_name("other.xlsx")
    with zipfile.ZipFile(workbook) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            is_sheet = member.filename == "xl/worksheets/sheet1.xml"
            new.writestr(member.filename, sheet if is_sheet else old.read(member))
    return other


HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
FAR = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
ALL = b'<dimension ref="A1:XFD1048576"/>'


def test_a_sheet_of_more_cells_than_are_read_is_refused(workbook: Path) -> None:
    sheet = with_sheet(workbook, HEAD + ALL + b"<sheetData>" + FAR + b"</sheetData></worksheet>")
    with pytest.raises(WrongFileError, match="a sheet has 17179869184 cells; at most 100000000 are read"):
        read_rows(sheet, setting="url")


@dataclass(frozen=True)
class Reading:
    """Reads a workbook, in another process."""

    path: Path

    def __call__(self, told: Told) -> int:
        return read_rows(self.path, setting="url").count


def killed(told: Told) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def takes_all_memory(told: Told) -> int:
    return len(bytearray(2 * MEMORY_BYTES))


def is_wrong(told: Told) -> None:
    told(1, 2)
    raise WrongFileError("url", "it is wrong")


def stumbles(told: Told) -> None:
    raise ZeroDivisionError


def test_a_sheet_that_says_nothing_of_its_size_ends_the_process_that_reads_it_alone(workbook: Path) -> None:
    sheet = with_sheet(workbook, HEAD + b"<sheetData>" + FAR + b"</sheetData></worksheet>")
    with pytest.raises(ReaderDiedError, match="url: reading the file took more memory"):
        read_apart(Reading(sheet), lambda done, total: None, setting="url")


@pytest.mark.parametrize("work", [killed, takes_all_memory])
def test_a_reader_that_dies_is_told(work: Callable[[Told], object]) -> None:
    with pytest.raises(ReaderDiedError, match="url"):
        read_apart(work, lambda done, total: None, setting="url")


def test_what_the_reader_says_comes_here(workbook: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with pytest.raises(WrongFileError, match="url: it is wrong"):
        read_apart(is_wrong, lambda done, total: told.append((done, total)), setting="url")
    assert told == [(1, 2)]
    assert read_apart(Reading(workbook), lambda done, total: None, setting="url") == 3
    with pytest.raises(WorkerFailedError, match="ZeroDivisionError"):
        read_apart(stumbles, lambda done, total: None, setting="url")
