"""The published files are fetched whole and right, or refused with the files of before untouched."""

import re
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from fire_brigade.config.columns import INCIDENT_COLUMNS, MOBILISATION_COLUMNS
from fire_brigade.persistence.model.records import Kind, RecordSource
from fire_brigade.persistence.repository.downloads import (
    DownloadFailedError,
    DownloadLimits,
    InterruptedDownloadError,
    WrongFileError,
)
from fire_brigade.persistence.repository.locked_files import AlreadyRunningError
from fire_brigade.persistence.repository.tables import write_workbook
from fire_brigade.service.filtering import MissingColumnsError, NoRecordsError, NothingKeptError
from fire_brigade.service.generate_records import generate_records
from fire_brigade.service.process_data import (
    DOWNLOAD_SHARE,
    NothingToConvertError,
    convert_to_pickle,
    process_data,
)
from fleet.errors import FleetError
from fleet.whole_files import FileNotWrittenError
from tests.fire_brigade_log import KeptLog
from tests.full_disk import largest_file
from tests.integration.fire_brigade.publisher import Publisher, publishing

QUICK = DownloadLimits(connect_s=2, silence_s=0.3, total_s=30, attempts=2, wait_s=0.01)
INCIDENTS = 400
BEFORE = "what was there before\n"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published")
    generate_records(folder, INCIDENTS)
    return folder


@pytest.fixture
def publisher(published: Path, tmp_path: Path) -> Iterator[Publisher]:
    shutil.copytree(published, tmp_path / "published")
    with publishing(tmp_path / "published") as publisher:
        yield publisher


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The file of incidents of an earlier run."""
    file = tmp_path / "data" / "incident_data.csv"
    file.parent.mkdir()
    file.write_text(BEFORE, encoding="utf-8")
    return file


def source(url: str, file: Path, kind: Kind = "incident") -> RecordSource:
    columns = INCIDENT_COLUMNS if kind == "incident" else MOBILISATION_COLUMNS
    return RecordSource(kind, url, f"url_{kind}", file, columns)


def fails(url: str, file: Path, cause: type[FleetError], limits: DownloadLimits = QUICK) -> str:
    """What is said when the file at this address is processed; the file of before is still there, alone."""
    log = KeptLog()
    with pytest.raises(cause) as caught:
        process_data([source(url, file)], years=[2022, 2023], log=log, limits=limits)
    assert file.read_text(encoding="utf-8") == BEFORE
    assert [path.name for path in file.parent.iterdir() if not path.name.endswith(".lock")] == [file.name]
    assert log.metrics["success_incident"] == 0
    assert log.messages[-1][0] == "error"
    assert str(file.parent) not in caught.value.error + caught.value.message
    return caught.value.error


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, dtype=str, keep_default_na=False)


@pytest.mark.parametrize("kind", ["incident", "mobilisation"])
def test_the_records_of_the_years_are_kept_as_published(
    kind: Kind, publisher: Publisher, published: Path, before: Path
) -> None:
    log = KeptLog()
    size = (published / f"made_up_{kind}s.xlsx").stat().st_size
    address = f"{publisher.url}/made_up_{kind}s.xlsx"
    (done,) = process_data([source(address, before, kind)], years=[2022, 2023], log=log)
    expected = read(published / f"made_up_{kind}s.csv").replace("0.0", "0")  # a workbook has but one nought
    kept = expected[expected["CalYear"].isin(["2022", "2023"])].reset_index(drop=True)
    assert 0 < len(kept) < len(expected)
    pd.testing.assert_frame_equal(read(before), kept)
    assert (done.filtered.rows, done.filtered.kept) == (len(expected), len(kept))
    assert log.metrics == {
        f"download_size_in_bytes_{kind}": size,
        f"downloaded_bytes_{kind}": size,
        f"expected_bytes_{kind}": size,
        f"download_duration_seconds_{kind}": pytest.approx(0, abs=30),
        f"initial_count_{kind}": len(expected),
        f"filtered_count_{kind}": len(kept),
        f"record_saved_{kind}": len(kept),
        f"filter_duration_seconds_{kind}": pytest.approx(0, abs=30),
        f"success_{kind}": 1,
    }


def test_what_is_kept_is_what_pandas_with_openpyxl_reads(published: Path, before: Path) -> None:
    workbook = published / "made_up_incidents.xlsx"
    process_data([source(workbook.as_uri(), before)], years=[2022, 2023], log=KeptLog())
    frame = pd.read_excel(workbook, engine="openpyxl", dtype={"IncidentNumber": str})
    frame = frame[frame["CalYear"].isin([2022, 2023])].reset_index(drop=True)
    frame["DateOfCall"] = frame["DateOfCall"].dt.strftime("%Y-%m-%d")
    kept = pd.read_csv(before, dtype={"IncidentNumber": str})
    pd.testing.assert_frame_equal(kept, frame, check_dtype=False)


@pytest.mark.parametrize("how", ["/chunked", "", "/flaky", "/packed"])
def test_csv_comes_with_or_without_a_length_and_after_a_fault(
    how: str, publisher: Publisher, published: Path, before: Path
) -> None:
    limits = replace(QUICK, attempts=3)
    address = f"{publisher.url}{how}/made_up_incidents.csv"
    (done,) = process_data([source(address, before)], years=[2022, 2023], log=KeptLog(), limits=limits)
    assert len(read(before)) == done.filtered.kept
    assert (done.download.expected_bytes is None) == (how in ("/chunked", "/packed"))
    assert len(publisher.asked) == (3 if how == "/flaky" else 1)


@pytest.mark.parametrize(
    ("path", "cause", "said"),
    [
        ("/cut/made_up_incidents.xlsx", InterruptedDownloadError, "broke off|hung up"),
        ("/half/made_up_incidents.xlsx", WrongFileError, "cut off"),
        ("/half/made_up_incidents.csv", WrongFileError, "line [0-9]+ is broken or cut off"),
        ("/html/made_up_incidents.xlsx", WrongFileError, "web page"),
        ("/disguised/made_up_incidents.xlsx", WrongFileError, "web page"),
        ("/none.xlsx", DownloadFailedError, "404"),
        ("/silent/made_up_incidents.xlsx", InterruptedDownloadError, "in time"),
        ("/empty.csv", WrongFileError, "the file is empty"),
        ("/archive.xlsx", WrongFileError, "no workbook"),
        ("/noise.bin", WrongFileError, "neither"),
    ],
)
def test_a_broken_answer_is_refused(
    path: str, cause: type[FleetError], said: str, publisher: Publisher, before: Path
) -> None:
    (publisher.folder / "empty.csv").touch()
    (publisher.folder / "noise.bin").write_bytes(bytes(range(256)) * 50)
    shutil.make_archive(str(publisher.folder / "archive"), "zip", publisher.folder, "empty.csv")
    (publisher.folder / "archive.zip").rename(publisher.folder / "archive.xlsx")
    error = fails(publisher.url + path, before, cause)
    assert re.fullmatch(f"url_incident: .*({said}).*", error)
    passing = cause is InterruptedDownloadError
    assert len(publisher.asked) == (QUICK.attempts if passing else 1)


def test_a_workbook_whose_inside_is_broken_is_refused(published: Path, before: Path) -> None:
    content = bytearray((published / "made_up_incidents.xlsx").read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    broken = before.parent.parent / "broken.xlsx"
    broken.write_bytes(content)
    assert "broken" in fails(broken.as_uri(), before, WrongFileError)


def test_a_server_that_is_not_there_is_told(before: Path) -> None:
    assert "cannot be reached" in fails("http://127.0.0.1:9/x.xlsx", before, InterruptedDownloadError)


@pytest.mark.parametrize("url", ["file:///none/such.xlsx", "file://elsewhere/x.xlsx", "file:///dev/zero"])
def test_a_file_that_is_none_is_told(url: str, before: Path) -> None:
    assert "no such file" in fails(url, before, DownloadFailedError)


def test_a_download_that_never_ends_is_given_up(publisher: Publisher, before: Path) -> None:
    url = f"{publisher.url}/chunked/made_up_incidents.csv"
    small = replace(QUICK, largest_bytes=1000)
    assert "larger than" in fails(url, before, WrongFileError, small)
    assert "not ended" in fails(url, before, DownloadFailedError, replace(QUICK, total_s=0))


def test_missing_columns_are_named(publisher: Publisher, published: Path, before: Path) -> None:
    table = read(published / "made_up_incidents.csv").drop(columns=["Latitude", "Notional Cost (£)"])
    write_workbook(table, publisher.folder / "fewer.xlsx", sheet="made up")
    error = fails(f"{publisher.url}/fewer.xlsx", before, MissingColumnsError)
    assert error == "url_incident: the file lacks the columns Latitude, Notional Cost (£)"


def test_a_file_without_records_is_refused(publisher: Publisher, published: Path, before: Path) -> None:
    table = read(published / "made_up_incidents.csv")
    write_workbook(table.head(0), publisher.folder / "header.xlsx", sheet="made up")
    write_workbook(pd.DataFrame(), publisher.folder / "blank.xlsx", sheet="made up")
    for name in ("header.xlsx", "blank.xlsx"):
        assert "no records" in fails(f"{publisher.url}/{name}", before, NoRecordsError)


def test_years_without_records_are_told(publisher: Publisher, published: Path, before: Path) -> None:
    table = read(published / "made_up_incidents.csv")
    write_workbook(table.assign(CalYear="1999"), publisher.folder / "old.xlsx", sheet="made up")
    error = fails(f"{publisher.url}/old.xlsx", before, NothingKeptError)
    assert error == f"None of the {INCIDENTS} incident records is of 2022, 2023"


@pytest.mark.parametrize("room", ["too little for the download", "too little for the records"])
def test_a_full_disk_is_told(room: str, publisher: Publisher, published: Path, before: Path) -> None:
    workbook = published / "made_up_incidents.xlsx"
    size = workbook.stat().st_size
    assert size + 1000 < (published / "made_up_incidents.csv").stat().st_size
    with largest_file(size + 1000 if "records" in room else size // 2):
        error = fails(f"{publisher.url}/made_up_incidents.xlsx", before, FileNotWrittenError)
    assert "the disk is full" in error


def test_a_folder_that_is_none_is_told(published: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    address = (published / "made_up_incidents.csv").as_uri()
    with pytest.raises(FileNotWrittenError, match=r"incident_data\.csv"):
        process_data([source(address, tmp_path / "data" / "incident_data.csv")], years=[2023], log=KeptLog())


def test_of_two_runs_at_once_the_second_is_refused(publisher: Publisher, before: Path) -> None:
    slow = source(f"{publisher.url}/held/made_up_incidents.csv", before)
    first = threading.Thread(
        target=process_data, args=([slow],), kwargs={"years": [2022, 2023], "log": KeptLog()}
    )
    first.start()
    assert publisher.arrived.wait(10)
    with pytest.raises(AlreadyRunningError, match=r"incident_data\.csv") as caught:
        process_data([slow], years=[2022, 2023], log=KeptLog())
    assert caught.value.status == 409
    assert before.read_text(encoding="utf-8") == BEFORE
    publisher.release.set()
    first.join()
    assert len(read(before)) > 0


def test_what_a_killed_run_left_is_removed(published: Path, before: Path) -> None:
    leftovers = [
        before.with_name(f".incident_data.{form}.part-killed.{form}") for form in ("csv", "parquet", "pkl")
    ]
    for leftover in leftovers:
        leftover.write_text("half a line", encoding="utf-8")
    process_data(
        [source((published / "made_up_incidents.csv").as_uri(), before)], years=[2022], log=KeptLog()
    )
    assert not any(leftover.exists() for leftover in leftovers)


def test_progress_is_told_and_can_end_the_work(publisher: Publisher, before: Path) -> None:
    told: list[tuple[float, str]] = []

    def stop(share: float, detail: str) -> None:
        told.append((share, detail))
        raise KeyboardInterrupt

    url = f"{publisher.url}/made_up_incidents.csv"
    with pytest.raises(KeyboardInterrupt):
        process_data([source(url, before)], years=[2022], log=KeptLog(), progress=stop)
    ((share, detail),) = told
    assert detail == "download of the incident records"
    assert 0 < share <= DOWNLOAD_SHARE
    assert before.read_text(encoding="utf-8") == BEFORE


def test_pickle_and_parquet_are_written_of_what_there_is(published: Path, before: Path) -> None:
    here = source((published / "made_up_incidents.csv").as_uri(), before)
    absent = source("file:///none", before.with_name("mobilisation_data.csv"), "mobilisation")
    process_data([here], years=[2022, 2023], log=KeptLog())
    written = convert_to_pickle([here, absent], log=KeptLog())
    assert [path.name for path in written] == ["incident_data.parquet", "incident_data.pkl"]
    table = pd.read_csv(before, dtype={"IncidentNumber": str})
    pickled = pd.read_pickle(written[1])  # noqa: S301  # written just now, by us
    for again in (pd.read_parquet(written[0]), pickled):
        pd.testing.assert_frame_equal(again.fillna(""), table.fillna(""), check_dtype=False)
    with pytest.raises(NothingToConvertError):
        convert_to_pickle([absent], log=KeptLog())
