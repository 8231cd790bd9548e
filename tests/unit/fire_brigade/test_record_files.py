"""What is no workbook that a computer can hold is refused before it is unpacked into memory."""

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from fire_brigade.persistence.repository import record_files
from fire_brigade.persistence.repository.downloads import WrongFileError
from fire_brigade.persistence.repository.record_files import read_rows
from fire_brigade.persistence.repository.table_files import write_workbook

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
