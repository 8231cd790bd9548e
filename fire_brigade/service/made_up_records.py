"""Records that nobody ever wrote down, in the form of the published ones.

Attendance depends on the distance and on the station, so that there is something to learn. They are as dirty
as the real ones: blank and zero latitudes, unknown stations, missing values, odd times, other years.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fire_brigade.service.geography import to_degrees, to_grid
from fire_brigade.service.made_up_words import INCIDENT_KINDS, PLACES, QUALIFIERS

LABEL = "made up"
UNKNOWN_STATION = "Nowhere (made up)"
SECOND_PUMPS = 0.5  # as many mobilisations as incidents, and half as many again
OTHER_YEARS = 0.1
BLANK_LATITUDES = 0.58
ZERO_LATITUDES = 0.002
RARE = 0.005
ODD_TIMES = 0.03
TURNOUT_S = 110.0
SECONDS_A_KM = 105.0

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MadeUpRecords:
    """Both tables, with the published columns; text, numbers and dates, missing where blank."""

    incidents: pd.DataFrame
    mobilisations: pd.DataFrame


@dataclass(frozen=True)
class _Calls:
    """What happened. number, year, station, second_station: (incidents,); the stations are row numbers."""

    number: npt.NDArray[Any]
    called: pd.Series
    year: Ints
    station: Ints
    second_station: Ints
    easting: Floats
    northing: Floats
    seconds: Floats
    second_seconds: Floats


def make_records(
    stations: pd.DataFrame, incidents: int, *, years: tuple[int, ...], random: np.random.Generator
) -> MadeUpRecords:
    """As many incidents, and half as many mobilisations more; the same generator state, the same records.

    stations: name, borough, latitude, longitude. A tenth of the calls is from the year before `years`.
    """
    calls = _calls(stations, incidents, years, random)
    return MadeUpRecords(_incidents(calls, stations, random), _mobilisations(calls, stations, random))


def _calls(stations: pd.DataFrame, count: int, years: tuple[int, ...], random: np.random.Generator) -> _Calls:
    year = random.choice(np.array(years), count)
    year[random.random(count) < OTHER_YEARS] = min(years) - 1
    second = random.integers(0, 365 * 86_400, count)
    called = pd.Series(
        (year - 1970).astype("datetime64[Y]").astype("datetime64[s]") + second.astype("timedelta64[s]")
    )
    station = random.integers(0, len(stations), count)
    easting, northing = to_grid(stations["latitude"].to_numpy(float), stations["longitude"].to_numpy(float))
    kilometres = random.gamma(3.0, 0.5, count)
    angle = random.uniform(0, 2 * np.pi, count)
    x = easting[station] + 1000 * kilometres * np.cos(angle)
    y = northing[station] + 1000 * kilometres * np.sin(angle)
    second_station = _neighbours(easting, northing)[station]
    farther = np.hypot(x - easting[second_station], y - northing[second_station]) / 1000
    slowness = random.normal(0, 25, len(stations))
    return _Calls(
        number=_numbers(called),
        called=called,
        year=year,
        station=station,
        second_station=second_station,
        easting=np.round(x),
        northing=np.round(y),
        seconds=_attendance(kilometres, slowness[station], random),
        second_seconds=_attendance(farther, slowness[second_station], random),
    )


def _neighbours(easting: Floats, northing: Floats) -> Ints:
    """Row number of the nearest other station of each station."""
    apart = np.hypot(easting[:, None] - easting, northing[:, None] - northing)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(apart.argmin(axis=1), dtype=np.int64)


def _attendance(kilometres: Floats, slowness: Floats, random: np.random.Generator) -> Floats:
    count = len(kilometres)
    seconds = TURNOUT_S + slowness + SECONDS_A_KM * kilometres * random.normal(1, 0.08, count)
    seconds += random.normal(0, 30, count)
    odd = random.random(count) < ODD_TIMES
    seconds[odd] *= random.choice([0.2, 5.0], int(odd.sum()))
    seconds = np.clip(seconds, 1, 3600).round()
    seconds[random.random(count) < RARE] = np.nan
    return np.asarray(seconds, dtype=np.float64)


def _numbers(called: pd.Series) -> npt.NDArray[Any]:
    running = np.char.zfill(np.arange(1, len(called) + 1).astype(str), 6)
    return np.char.add(running, called.dt.strftime("-%d%m%Y").to_numpy(str))


def _incidents(calls: _Calls, stations: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame(
        {**_what(calls, random), **_where(calls, stations, random), **_response(calls, stations, random)}
    )


def _what(calls: _Calls, random: np.random.Generator) -> dict[str, Any]:
    count = len(calls.number)
    kind = INCIDENT_KINDS[random.integers(0, len(INCIDENT_KINDS), count)]
    place = PLACES[random.integers(0, len(PLACES), count)]
    return {
        "IncidentNumber": calls.number,
        "DateOfCall": calls.called.dt.normalize(),
        "CalYear": calls.year,
        "TimeOfCall": calls.called.dt.strftime("%H:%M:%S"),
        "HourOfCall": calls.called.dt.hour,
        "IncidentGroup": kind[:, 0],
        "StopCodeDescription": kind[:, 1],
        "SpecialServiceType": _blank(kind[:, 2], kind[:, 2] == ""),
        "PropertyCategory": place[:, 0],
        "PropertyType": place[:, 1],
        "AddressQualifier": QUALIFIERS[random.integers(0, len(QUALIFIERS), count)],
    }


def _where(calls: _Calls, stations: pd.DataFrame, random: np.random.Generator) -> dict[str, Any]:
    count = len(calls.number)
    borough = stations["borough"].to_numpy(str)[calls.station]
    ward = np.char.upper(np.char.add(np.char.add(borough, " ward "), (1 + calls.station % 9).astype(str)))
    district = np.char.add("ZZ", (1 + calls.station).astype(str))
    latitude, longitude = to_degrees(calls.easting, calls.northing)
    dirt = random.random(count)
    blank, zero = dirt < BLANK_LATITUDES, dirt >= 1 - ZERO_LATITUDES
    unlocated = random.random(count) < RARE / 5
    return {
        "Postcode_full": _blank(np.char.add(district, " 9ZZ"), blank),
        "Postcode_district": district,
        "UPRN": np.where(blank, 0, random.integers(10**11, 10**12, count)),
        "USRN": random.integers(8_000_000, 23_000_000, count),
        "IncGeo_BoroughCode": np.char.add("E0900", (1000 + calls.station % 33).astype(str)),
        "IncGeo_BoroughName": np.char.upper(borough),
        "ProperCase": borough,
        "IncGeo_WardCode": np.char.add("E0509", (9000 + calls.station).astype(str)),
        "IncGeo_WardName": ward,
        "IncGeo_WardNameNew": ward,
        "Easting_m": _missing(calls.easting, blank),
        "Northing_m": _missing(calls.northing, blank),
        "Easting_rounded": _missing(_to_centre(calls.easting), unlocated),
        "Northing_rounded": _missing(_to_centre(calls.northing), unlocated),
        "Latitude": np.where(zero, 0.0, _missing(np.round(latitude, 10), blank)),
        "Longitude": np.where(zero, 0.0, _missing(np.round(longitude, 10), blank)),
    }


def _response(calls: _Calls, stations: pd.DataFrame, random: np.random.Generator) -> dict[str, Any]:
    count = len(calls.number)
    names = stations["name"].to_numpy(str)
    alone = ~_has_second(calls)
    pumps = np.where(alone, 1, 2)
    minutes = 60 * pumps + random.integers(0, 90, count) * (random.random(count) < 0.3)
    return {
        "FRS": np.full(count, f"London ({LABEL})"),
        "IncidentStationGround": names[calls.station],
        "FirstPumpArriving_AttendanceTime": calls.seconds,
        "FirstPumpArriving_DeployedFromStation": names[calls.station],
        "SecondPumpArriving_AttendanceTime": _missing(calls.second_seconds, alone),
        "SecondPumpArriving_DeployedFromStation": _blank(names[calls.second_station], alone),
        "NumStationsWithPumpsAttending": pumps,
        "NumPumpsAttending": pumps,
        "PumpCount": pumps,
        "PumpMinutesRounded": minutes,
        "Notional Cost (£)": np.round(minutes * 388 / 60),
        "NumCalls": random.geometric(0.8, count),
    }


def _mobilisations(calls: _Calls, stations: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    second = _has_second(calls)
    incident = np.concatenate([np.arange(len(second)), np.flatnonzero(second)])
    pump = np.concatenate([np.ones(len(second), int), np.full(int(second.sum()), 2)])
    station = np.where(pump == 1, calls.station[incident], calls.second_station[incident])
    seconds = np.where(pump == 1, calls.seconds[incident], calls.second_seconds[incident])
    count = len(incident)
    name = np.where(random.random(count) < RARE, UNKNOWN_STATION, stations["name"].to_numpy(str)[station])
    called = calls.called.to_numpy()[incident]
    turnout = np.minimum(np.round(random.normal(75, 15, count)).clip(20), seconds)
    left = seconds + random.integers(300, 5400, count)
    return pd.DataFrame(
        {
            "IncidentNumber": calls.number[incident],
            "CalYear": calls.year[incident],
            "HourOfCall": calls.called.dt.hour.to_numpy()[incident],
            "ResourceMobilisationId": 9_000_000 + np.arange(count),
            "Resource_Code": np.char.add(np.char.add("Z", station.astype(str)), pump.astype(str)),
            "PerformanceReporting": pump,
            "DateAndTimeMobilised": _time(called, np.zeros(count)),
            "DateAndTimeMobile": _time(called, turnout),
            "DateAndTimeArrived": _time(called, seconds),
            "TurnoutTimeSeconds": turnout,
            "TravelTimeSeconds": seconds - turnout,
            "AttendanceTimeSeconds": seconds,
            "DateAndTimeLeft": _time(called, left),
            "DateAndTimeReturned": _time(called, left + 600),
            "DeployedFromStation_Code": np.char.add("Z", station.astype(str)),
            "DeployedFromStation_Name": name,
            "DeployedFromLocation": "Home Station",
            "PumpOrder": pump,
            "PlusCode_Code": "Initial",
            "PlusCode_Description": f"Initial Mobilisation ({LABEL})",
            "DelayCodeId": _missing(np.full(count, 9.0), seconds < 480),
            "DelayCode_Description": _blank(np.full(count, "Traffic, roadworks, etc"), seconds < 480),
        }
    )


def _has_second(calls: _Calls) -> npt.NDArray[np.bool_]:
    """Every other incident: the number of mobilisations follows from the number of incidents."""
    return np.asarray(np.arange(len(calls.number)) % round(1 / SECOND_PUMPS) == 1)


def _to_centre(metres: Floats) -> Floats:
    """As published where an address is to stay unknown: the middle of a square of 100 m."""
    return np.asarray(np.floor(metres / 100) * 100 + 50)


def _blank(words: npt.NDArray[Any], where: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    blanked = words.astype(object)
    blanked[where] = None
    return blanked


def _missing(numbers: Floats, where: npt.NDArray[np.bool_]) -> Floats:
    return np.where(where, np.nan, numbers)


def _time(called: npt.NDArray[Any], seconds: Floats) -> pd.Series:
    """seconds: whole ones, or NaN; pandas' own conversion warns of an overflow at random where one is NaN."""
    later = np.full(len(seconds), np.timedelta64("NaT", "s"))
    known = np.isfinite(seconds)
    later[known] = seconds[known].astype(np.int64).astype("timedelta64[s]")
    moments = pd.Series(called + later)
    return pd.Series(moments.dt.strftime("%d/%m/%Y %H:%M:%S"))
