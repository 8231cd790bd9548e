"""Records become features, and every row that is dropped is counted under its reason."""

from typing import Any

import pandas as pd
import pytest

from fire_brigade.service.build_features import Bands, FeatureCounts, call_times, make_features

BANDS = Bands(speed=(5, 35), seconds=(193, 539))
STATIONS = pd.DataFrame({"name": ["Acton"], "latitude": [51.5024329], "longitude": [-0.281742]})
NEAR = {"Easting_rounded": 520950.0, "Northing_rounded": 180850.0}  # 1.57 km from the station


def incident(**told: Any) -> dict[str, Any]:
    return {
        "IncidentNumber": "1",
        "DateOfCall": "2023-03-19",
        "TimeOfCall": "14:11:51",
        "Latitude": None,
        **NEAR,
        **told,
    }


def mobilisation(**told: Any) -> dict[str, Any]:
    return {
        "IncidentNumber": "1",
        "AttendanceTimeSeconds": 300.0,
        "DeployedFromStation_Name": "Acton",
        **told,
    }


def features_of(
    incidents: list[dict[str, Any]], mobilisations: list[dict[str, Any]], bands: Bands = BANDS
) -> tuple[pd.DataFrame, FeatureCounts]:
    calls = pd.DataFrame(incidents).astype({"Latitude": float})
    return make_features(calls, pd.DataFrame(mobilisations), STATIONS, bands)


def dropped(counts: FeatureCounts) -> dict[str, int]:
    return {
        name.removeprefix("dropped_"): count
        for name, count in counts.items()
        if name.startswith("dropped_") and count
    }


def test_a_row_is_seconds_station_kilometres_and_the_time_of_the_call() -> None:
    features, counts = features_of([incident()], [mobilisation()])
    assert list(features) == ["AttendanceTimeSeconds", "DeployedFromStation_Name", "distance", "CallTime"]
    (row,) = features.itertuples(index=False)
    assert (row.AttendanceTimeSeconds, row.DeployedFromStation_Name) == (300, "Acton")
    assert row.distance == pytest.approx(1.57, abs=0.5)
    assert row.CallTime == pd.Timestamp("2023-03-19 14:11:51")
    assert dropped(counts) == {}
    assert (counts["incident_cleaned_rows"], counts["mobilisation_cleaned_rows"], counts["feature_rows"]) == (
        1,
        1,
        1,
    )


def test_both_pumps_of_an_incident_are_rows() -> None:
    features, _ = features_of([incident()], [mobilisation(), mobilisation(AttendanceTimeSeconds=400.0)])
    assert features["AttendanceTimeSeconds"].tolist() == [300, 400]


@pytest.mark.parametrize("name", ["Nowhere", None, "acton", "Acton "])
def test_mobilisations_of_unknown_stations_are_dropped(name: str | None) -> None:
    _, counts = features_of([incident()], [mobilisation(), mobilisation(DeployedFromStation_Name=name)])
    assert dropped(counts) == {"mobilisations_of_unknown_stations": 1}


@pytest.mark.parametrize(("latitude", "kept"), [(0.0, 1), (None, 2), (51.5, 2), (1e-9, 2)])
def test_incidents_at_latitude_0_are_dropped_and_blank_ones_stay(latitude: float | None, kept: int) -> None:
    _, counts = features_of(
        [incident(), incident(IncidentNumber="2", Latitude=latitude)],
        [mobilisation(), mobilisation(IncidentNumber="2")],
    )
    assert counts["feature_rows"] == kept
    assert counts["dropped_incidents_at_latitude_0"] == 2 - kept


def test_what_has_no_counterpart_is_counted_on_either_side() -> None:
    _, counts = features_of(
        [incident(), incident(IncidentNumber="2"), incident(IncidentNumber=None)],
        [mobilisation(), mobilisation(IncidentNumber="3"), mobilisation(IncidentNumber=None)],
    )
    assert dropped(counts) == {"incidents_without_mobilisation": 2, "mobilisations_without_incident": 2}
    assert counts["feature_rows"] == 1


@pytest.mark.parametrize(
    "lacking",
    [
        {"Easting_rounded": None},
        {"Northing_rounded": None},
        {"TimeOfCall": None},
        {"DateOfCall": None},
        {"DateOfCall": "yesterday"},
    ],
)
def test_rows_that_lack_a_value_that_is_used_are_dropped(lacking: dict[str, Any]) -> None:
    _, counts = features_of(
        [incident(), incident(IncidentNumber="2", **lacking)],
        [mobilisation(), mobilisation(IncidentNumber="2")],
    )
    assert dropped(counts) == {"rows_with_missing_values": 1}


def test_rows_without_an_attendance_time_are_dropped() -> None:
    _, counts = features_of([incident()], [mobilisation(), mobilisation(AttendanceTimeSeconds=None)])
    assert dropped(counts) == {"rows_with_missing_values": 1}


@pytest.mark.parametrize(("seconds", "kept"), [(192, 0), (193, 1), (539, 1), (540, 0)])
def test_both_ends_of_the_attendance_band_are_kept(seconds: float, kept: int) -> None:
    wide = Bands(speed=(0, 1000), seconds=BANDS.seconds)
    _, counts = features_of([incident()], [mobilisation(AttendanceTimeSeconds=seconds)], wide)
    assert counts["feature_rows"] == kept
    assert counts["dropped_rows_outside_attendance_band"] == 1 - kept


def test_both_ends_of_the_speed_band_are_kept() -> None:
    measured, _ = features_of([incident()], [mobilisation()])
    speed = measured["distance"].item() * 3600 / 300
    for band, kept in (((speed, 35), 1), ((5, speed), 1), ((speed + 1e-6, 35), 0)):
        _, counts = features_of([incident()], [mobilisation()], Bands(band, BANDS.seconds))
        assert (counts["feature_rows"], counts["dropped_rows_outside_speed_band"]) == (kept, 1 - kept)


def test_nothing_left_is_an_empty_table() -> None:
    features, counts = features_of([incident(Latitude=0.0)], [mobilisation()])
    assert features.empty
    assert counts["feature_rows"] == 0


@pytest.mark.parametrize("day", ["2009-01-31", "31 Jan 2009", "31/01/2009", "2009-01-31 00:00:00"])
@pytest.mark.parametrize("clock", ["00:00:37", "1899-12-31 00:00:37"])
def test_the_time_of_a_call_is_read_in_every_published_form(day: str, clock: str) -> None:
    read = call_times(pd.DataFrame({"DateOfCall": [day, "2023-03-19"], "TimeOfCall": [clock, "14:11:51"]}))
    assert read.tolist() == [pd.Timestamp("2009-01-31 00:00:37"), pd.Timestamp("2023-03-19 14:11:51")]
