"""From workbooks on a web server to features: the counts are those of a computation of the test's own."""

import csv
import math
import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from pyproj import Transformer

from fire_brigade.config.columns import INCIDENT_COLUMNS, MOBILISATION_COLUMNS
from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.persistence.repository.locked_files import AlreadyRunningError
from fire_brigade.persistence.repository.tables import (
    SHIPPED,
    NotProcessedError,
    UnusableRecordsError,
    write_workbook,
)
from fire_brigade.service.build_features import (
    Bands,
    FeatureCounts,
    NoFeaturesLeftError,
    build_features,
)
from fire_brigade.service.generate_records import generate_records
from fire_brigade.service.paths import FeatureFiles
from fire_brigade.service.process_data import process_data
from tests.fire_brigade_log import KeptLog
from tests.fire_brigade_records import LFB
from tests.integration.fire_brigade.publisher import publishing

YEARS = (2023,)
BANDS = Bands(speed=(5, 35), seconds=(193, 539))
BEFORE = "what was there before\n"

Line = Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """CSV forms of the records that are published as workbooks in `folder`."""

    folder: Path
    incidents: Path
    mobilisations: Path


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("made_up")
    files = generate_records(folder, 4000, years=(2022, 2023))
    shutil.copy(files.incidents, folder / "incidents.xlsx")
    shutil.copy(files.mobilisations, folder / "mobilisations.xlsx")
    return Published(folder, files.incidents_csv, files.mobilisations_csv)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Published:
    if LFB is None:
        pytest.skip("the real records are not there (MLFLEET_SHARED)")
    folder = tmp_path_factory.mktemp("real")
    published = Published(folder, LFB / "incidents_2023_sample.csv", LFB / "mobilisations_2023_derived.csv")
    for name, path in (("incidents", published.incidents), ("mobilisations", published.mobilisations)):
        table = pd.read_csv(path, dtype={"IncidentNumber": str}, low_memory=False)
        write_workbook(table, folder / f"{name}.xlsx", sheet="records")
    return published


def test_the_counts_on_real_records_are_right(real: Published, tmp_path: Path) -> None:
    counts = check(real, tmp_path)
    assert counts["incident_rows"] == 10_000
    assert counts["mobilisation_rows"] == 13_115
    assert counts["dropped_incidents_at_latitude_0"] == 19


def test_the_counts_on_made_up_records_are_right(made_up: Published, tmp_path: Path) -> None:
    counts = check(made_up, tmp_path)
    assert 0 not in (
        counts["dropped_mobilisations_of_unknown_stations"],
        counts["dropped_incidents_at_latitude_0"],
        counts["dropped_rows_with_missing_values"],
        counts["dropped_rows_outside_attendance_band"],
        counts["dropped_rows_outside_speed_band"],
    )


def check(published: Published, folder: Path) -> FeatureCounts:
    """The counts, once they, the metrics and the features are what the test computes itself."""
    with publishing(published.folder) as publisher:
        process_data(sources(publisher.url, folder), years=YEARS, log=KeptLog())
    log = KeptLog()
    counts = build_features(files_in(folder), BANDS, log=log)
    expected, rows = computed(published)
    assert {name: counts[name] for name in expected} == expected
    assert log.metrics == {
        "incident_rows": expected["incident_rows"],
        "mobilisation_rows": expected["mobilisation_rows"],
        "station_rows": expected["station_rows"],
        "incident_cleaned_rows": expected["incident_cleaned_rows"],
        "mobilisation_cleaned_rows": expected["mobilisation_cleaned_rows"],
        "saved_file_size": (folder / "global_data.csv").stat().st_size,
        "success": 1,
    }
    written = pd.read_csv(folder / "global_data.csv", parse_dates=["CallTime"])
    wanted = pd.DataFrame(rows, columns=list(written))
    order = [*written]
    pd.testing.assert_frame_equal(
        written.sort_values(order, ignore_index=True),
        wanted.sort_values(order, ignore_index=True),
        check_dtype=False,
        rtol=1e-9,
    )
    return counts


def computed(published: Published) -> tuple[dict[str, int], list[tuple[float, str, float, datetime]]]:
    """Counts and features, line by line and without pandas."""
    stations = {line["name"]: line for line in lines(SHIPPED)}
    incidents = [line for line in lines(published.incidents) if line["CalYear"] == "2023"]
    mobilisations = [line for line in lines(published.mobilisations) if line["CalYear"] == "2023"]
    known = [line for line in mobilisations if line["DeployedFromStation_Name"] in stations]
    located = [line for line in incidents if not line["Latitude"] or float(line["Latitude"]) != 0]
    by_number = {line["IncidentNumber"]: line for line in located}
    joined = [
        (line, by_number[line["IncidentNumber"]]) for line in known if line["IncidentNumber"] in by_number
    ]
    used = ("DateOfCall", "TimeOfCall", "Easting_rounded", "Northing_rounded")
    complete = [(m, i) for m, i in joined if m["AttendanceTimeSeconds"] and all(i[name] for name in used)]
    in_time = [(m, i) for m, i in complete if 193 <= float(m["AttendanceTimeSeconds"]) <= 539]
    rows = [feature(m, i, stations[m["DeployedFromStation_Name"]]) for m, i in in_time]
    kept = [row for row in rows if 5 <= row[2] * 3600 / row[0] <= 35]
    numbers = {line["IncidentNumber"] for line in known}
    return {
        "incident_rows": len(incidents),
        "mobilisation_rows": len(mobilisations),
        "station_rows": len(stations),
        "dropped_mobilisations_of_unknown_stations": len(mobilisations) - len(known),
        "dropped_incidents_at_latitude_0": len(incidents) - len(located),
        "incident_cleaned_rows": len(located),
        "mobilisation_cleaned_rows": len(known),
        "dropped_incidents_without_mobilisation": sum(i["IncidentNumber"] not in numbers for i in located),
        "dropped_mobilisations_without_incident": len(known) - len(joined),
        "joined_rows": len(joined),
        "dropped_rows_with_missing_values": len(joined) - len(complete),
        "dropped_rows_outside_attendance_band": len(complete) - len(in_time),
        "dropped_rows_outside_speed_band": len(in_time) - len(kept),
        "feature_rows": len(kept),
    }, kept


TO_DEGREES = Transformer.from_crs("EPSG:27700", "EPSG:4326", always_xy=True)


def feature(mobilisation: Line, incident: Line, station: Line) -> tuple[float, str, float, datetime]:
    longitude, latitude = TO_DEGREES.transform(
        float(incident["Easting_rounded"]), float(incident["Northing_rounded"])
    )
    here, there = math.radians(float(station["latitude"])), math.radians(latitude)
    across = math.radians(longitude - float(station["longitude"]))
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(across / 2) ** 2
    called = datetime.fromisoformat(f"{incident['DateOfCall']} {incident['TimeOfCall']}")
    seconds = float(mobilisation["AttendanceTimeSeconds"])
    return seconds, station["name"], 2 * 6371 * math.asin(math.sqrt(half)), called


def lines(path: Path) -> list[Line]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sources(url: str, folder: Path) -> list[RecordSource]:
    incidents, mobilisations = folder / "incident_data.csv", folder / "mobilisation_data.csv"
    return [
        RecordSource("incident", f"{url}/incidents.xlsx", "url_incident", incidents, INCIDENT_COLUMNS),
        RecordSource(
            "mobilisation",
            f"{url}/mobilisations.xlsx",
            "url_mobilisation",
            mobilisations,
            MOBILISATION_COLUMNS,
        ),
    ]


def files_in(folder: Path) -> FeatureFiles:
    return FeatureFiles(
        incidents=folder / "incident_data.csv",
        mobilisations=folder / "mobilisation_data.csv",
        stations=folder / "ref" / "stations.csv",
        features=folder / "global_data.csv",
    )


@pytest.fixture
def kept(made_up: Published, tmp_path: Path) -> FeatureFiles:
    """Records that were processed, and features of an earlier run."""
    shutil.copy(made_up.incidents, tmp_path / "incident_data.csv")
    shutil.copy(made_up.mobilisations, tmp_path / "mobilisation_data.csv")
    (tmp_path / "global_data.csv").write_text(BEFORE, encoding="utf-8")
    return files_in(tmp_path)


def test_bands_that_nothing_is_in_are_told_and_the_features_of_before_stay(kept: FeatureFiles) -> None:
    log = KeptLog()
    with pytest.raises(NoFeaturesLeftError) as caught:
        build_features(kept, Bands((5, 35), (0, 0)), log=log)
    assert "dropped_rows_outside_attendance_band" in caught.value.message
    assert log.metrics["success"] == 0
    assert kept.features.read_text(encoding="utf-8") == BEFORE


def test_records_that_are_not_there_are_told(kept: FeatureFiles) -> None:
    kept.mobilisations.unlink()
    with pytest.raises(NotProcessedError, match=r"mobilisation_data\.csv is not there") as caught:
        build_features(kept, BANDS, log=KeptLog())
    assert caught.value.status == 409
    assert kept.features.read_text(encoding="utf-8") == BEFORE


@pytest.mark.parametrize(
    ("content", "said"),
    [("A,B\n1,2\n", "lacks IncidentNumber"), ("", "no readable CSV"), ("\0", "lacks|CSV")],
)
def test_records_that_are_none_are_told(content: str, said: str, kept: FeatureFiles) -> None:
    kept.incidents.write_text(content, encoding="utf-8")
    with pytest.raises(UnusableRecordsError, match=said):
        build_features(kept, BANDS, log=KeptLog())
    assert kept.features.read_text(encoding="utf-8") == BEFORE


def test_a_station_file_of_ones_own_decides_which_stations_are_known(kept: FeatureFiles) -> None:
    kept.stations.parent.mkdir()
    shipped = pd.read_csv(SHIPPED)
    shipped[shipped["name"] == "Acton"].to_csv(kept.stations, index=False)
    counts = build_features(kept, BANDS, log=KeptLog())
    assert counts["station_rows"] == 1
    assert set(pd.read_csv(kept.features)["DeployedFromStation_Name"]) == {"Acton"}


def test_records_that_are_replaced_meanwhile_are_read_as_one_pair(
    made_up: Published, kept: FeatureFiles
) -> None:
    addresses = (made_up.incidents.as_uri(), made_up.mobilisations.as_uri())
    newer = [
        replace(each, url=url) for each, url in zip(sources("", kept.features.parent), addresses, strict=True)
    ]
    other = threading.Thread(target=process_data, args=(newer,), kwargs={"years": YEARS, "log": KeptLog()})

    def report(share: float, step: str) -> None:
        if share == 0.4:  # of the two files one has been read
            other.start()
            other.join(2)

    counts = build_features(kept, BANDS, log=KeptLog(), report=report)
    other.join()
    assert counts["incident_rows"] == len(lines(made_up.incidents))
    assert counts["mobilisation_rows"] == len(lines(made_up.mobilisations))
    assert len(lines(kept.mobilisations)) < counts["mobilisation_rows"]


def test_of_two_runs_at_once_the_second_is_refused(kept: FeatureFiles) -> None:
    log = KeptLog()

    def report(share: float, step: str) -> None:
        if share == 0:
            with pytest.raises(AlreadyRunningError, match=r"global_data\.csv") as caught:
                build_features(kept, BANDS, log=KeptLog())
            assert caught.value.status == 409

    build_features(kept, BANDS, log=log, report=report)
    assert log.metrics["success"] == 1


def test_what_nobody_foresaw_is_no_success(kept: FeatureFiles) -> None:
    log = KeptLog()
    log.metrics["success"] = 1

    def report(share: float, step: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build_features(kept, BANDS, log=log, report=report)
    assert log.metrics["success"] == 0
    assert kept.features.read_text(encoding="utf-8") == BEFORE


def test_progress_grows(kept: FeatureFiles) -> None:
    told: list[float] = []
    build_features(kept, BANDS, log=KeptLog(), report=lambda share, step: told.append(share))
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1
