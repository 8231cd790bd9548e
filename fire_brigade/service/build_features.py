"""Makes features of the kept records: which station attended to which call, how far away, how fast."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION
from fire_brigade.persistence.model.trained_model import TARGET as SECONDS
from fire_brigade.persistence.repository.locked_files import only_writer, read_together
from fire_brigade.persistence.repository.log_files import MetricsLogger
from fire_brigade.persistence.repository.tables import read_records, read_stations
from fire_brigade.service.geography import haversine_km, to_degrees
from fire_brigade.service.paths import FeatureFiles
from fleet.errors import ConflictError, FleetError
from fleet.jobs import Progress
from fleet.whole_files import replaced

NUMBER = "IncidentNumber"
CALL_TIME = "CallTime"
DATE, CLOCK = "DateOfCall", "TimeOfCall"
GRID = ("Easting_rounded", "Northing_rounded")
USED = (NUMBER, SECONDS, STATION, CALL_TIME, *GRID, "latitude", "longitude")
SECONDS_AN_HOUR = 3600
DATE_FORMATS = ("%Y-%m-%d", "%d %b %Y", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S")
CLOCK_FORMATS = ("%H:%M:%S", "%H:%M", "%Y-%m-%d %H:%M:%S")


FeatureCounts = dict[str, int]
"""Rows that were read, rows that each step dropped, in its order, and rows that are left."""


class NoFeaturesLeftError(ConflictError):
    """Every row was dropped."""

    def __init__(self, counts: FeatureCounts) -> None:
        told = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        super().__init__(
            "No row is left to make features of",
            f"See which step dropped them: {told}; the BandWidth_… settings and the station file decide",
        )


class Bands(NamedTuple):
    """What is believed, both ends included. speed: km/h; seconds: of attendance."""

    speed: tuple[float, float]
    seconds: tuple[float, float]


def build_features(
    files: FeatureFiles, bands: Bands, *, log: MetricsLogger, report: Progress | None = None
) -> FeatureCounts:
    """Write one row a mobilisation: seconds of attendance, station, distance in km, time of the call.

    Raises, and leaves the file of before as it is: NotProcessedError, UnusableRecordsError,
    UnusableStationsError, NoFeaturesLeftError, FileNotWrittenError, AlreadyRunningError.
    """
    try:
        with only_writer(files.features):
            counts, size = _build(files, bands, log, report or (lambda share, step: None))
    except BaseException as error:
        said = error.error if isinstance(error, FleetError) else "No features were made"
        log.error(said, metrics={"success": 0})  # noqa: TRY400  # the step's log has the rest
        raise
    log.info(
        f"{counts['feature_rows']} rows of features written",
        metrics={"saved_file_size": size, "success": 1},
    )
    return counts


def _build(
    files: FeatureFiles, bands: Bands, log: MetricsLogger, report: Progress
) -> tuple[FeatureCounts, int]:
    """The counts, and the size of the file in bytes."""
    report(0.0, "reading")
    stations = read_stations(files.stations)
    with read_together((files.incidents, files.mobilisations)):
        incidents = read_records(files.incidents, text=(NUMBER, DATE, CLOCK), numbers=(*GRID, "Latitude"))
        report(0.4, "reading")
        mobilisations = read_records(files.mobilisations, text=(NUMBER, STATION), numbers=(SECONDS,))
    log.info(
        f"{len(incidents)} incidents, {len(mobilisations)} mobilisations and {len(stations)} stations read",
        metrics={
            "incident_rows": len(incidents),
            "mobilisation_rows": len(mobilisations),
            "station_rows": len(stations),
        },
    )
    report(0.6, "joining")
    features, counts = make_features(incidents, mobilisations, stations, bands)
    for name, count in counts.items():
        if name.startswith("dropped_"):
            log.info(f"{name.replace('_', ' ')}: {count}")
    cleaned = {name: count for name, count in counts.items() if "_cleaned_" in name}
    log.info(f"{counts['joined_rows']} rows joined", metrics=cleaned)
    if features.empty:
        raise NoFeaturesLeftError(counts)
    report(0.9, "writing")
    with replaced(files.features) as new:
        features.to_csv(new, index=False, lineterminator="\n", date_format="%Y-%m-%d %H:%M:%S")
        return counts, new.stat().st_size


def make_features(
    incidents: pd.DataFrame, mobilisations: pd.DataFrame, stations: pd.DataFrame, bands: Bands
) -> tuple[pd.DataFrame, FeatureCounts]:
    """The features, a row a mobilisation, in the order of the mobilisations; and how they came about."""
    placed = mobilisations.merge(
        stations[["name", "latitude", "longitude"]], how="left", left_on=STATION, right_on="name"
    )
    known = placed[placed["name"].notna()]
    located = incidents[incidents["Latitude"] != 0]  # a blank one is not 0
    attended = located[NUMBER].isin(known[NUMBER]) & located[NUMBER].notna()
    reported = known[NUMBER].isin(located[NUMBER]) & known[NUMBER].notna()
    timed = located[attended].assign(**{CALL_TIME: call_times(located.loc[attended])})
    joined = known[reported].merge(timed, on=NUMBER)
    complete = joined.dropna(subset=list(USED))
    in_time = complete[complete[SECONDS].between(*bands.seconds)]
    measured = in_time.assign(**{DISTANCE: _distance(in_time)})
    speed = measured[DISTANCE] * SECONDS_AN_HOUR / measured[SECONDS]
    features = measured[speed.between(*bands.speed)]
    counts = {
        "incident_rows": len(incidents),
        "mobilisation_rows": len(mobilisations),
        "station_rows": len(stations),
        "dropped_mobilisations_of_unknown_stations": len(placed) - len(known),
        "dropped_incidents_at_latitude_0": len(incidents) - len(located),
        "incident_cleaned_rows": len(located),
        "mobilisation_cleaned_rows": len(known),
        "dropped_incidents_without_mobilisation": int((~attended).sum()),
        "dropped_mobilisations_without_incident": int((~reported).sum()),
        "joined_rows": len(joined),
        "dropped_rows_with_missing_values": len(joined) - len(complete),
        "dropped_rows_outside_attendance_band": len(complete) - len(in_time),
        "dropped_rows_outside_speed_band": len(in_time) - len(features),
        "feature_rows": len(features),
    }
    return features[[SECONDS, STATION, DISTANCE, CALL_TIME]].reset_index(drop=True), counts


def call_times(incidents: pd.DataFrame) -> pd.Series:
    """When each call came, by London's clocks; missing where the date or the time is, or is none."""
    day = _moments(incidents[DATE], DATE_FORMATS).dt.normalize()
    clock = _moments(incidents[CLOCK], CLOCK_FORMATS)
    return pd.Series(day + (clock - clock.dt.normalize()))


def _moments(texts: pd.Series, formats: tuple[str, ...]) -> pd.Series:
    """Read in the first of the formats that fits: the published files differ by year."""
    moments = pd.Series(np.datetime64("NaT", "ns"), index=texts.index)
    for each in formats:
        left = moments.isna() & texts.notna()
        moments[left] = pd.to_datetime(texts[left].str.strip(), format=each, errors="coerce")
    return moments


def _distance(rows: pd.DataFrame) -> pd.Series:
    """Kilometres between station and incident, whose published degrees are often blank, its grid never."""
    latitude, longitude = to_degrees(*(rows[name].to_numpy(float) for name in GRID))
    station = (rows["latitude"].to_numpy(float), rows["longitude"].to_numpy(float))
    return pd.Series(haversine_km(*station, latitude, longitude), index=rows.index)
