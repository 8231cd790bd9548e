"""Records that nobody ever wrote down, in the form of the published ones.

Attendance depends on the distance and on the station, so that there is something to learn. They are as dirty
as the real ones: blank and zero latitudes, unknown stations, missing values, odd times, other years.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from fire_brigade.service.geography import Floats, to_degrees, to_grid

LABEL = "made up"
UNKNOWN_STATION = "Nowhere (made up)"
OTHER_YEARS = 0.1
BLANK_LATITUDES = 0.58
ZERO_LATITUDES = 0.002
RARE = 0.005
ODD_TIMES = 0.03
TURNOUT_S = 110.0
SECONDS_A_KM = 105.0
# Group, stop code, special service.
INCIDENT_KINDS = np.array(
    [
        ("False Alarm", "AFA", None),
        ("Special Service", "Special Service", "Lift Release"),
        ("Fire", "Primary Fire", None),
    ]
)
# Category, type.
PLACES = np.array(
    [
        ("Dwelling", "House - single occupancy "),
        ("Non Residential", "Purpose built office "),
        ("Road Vehicle", "Car "),
    ]
)
QUALIFIERS = np.array(["Correct incident location", "Within same building"])


class MadeUpRecords(NamedTuple):
    """Both tables, with the published columns; text, numbers and dates, missing where blank."""

    incidents: pd.DataFrame
    mobilisations: pd.DataFrame


def make_records(
    stations: pd.DataFrame, incidents: int, *, years: tuple[int, ...], random: np.random.Generator
) -> MadeUpRecords:
    """As many incidents, and half as many mobilisations more; the same generator state, the same records.

    stations: name, borough, latitude, longitude. A tenth of the calls is from the year before `years`.
    """
    calls = _calls(stations, incidents, years, random)
    names = stations["name"].to_numpy()
    what_and_where = {**_what(calls, random), **_where(calls, stations, random)}
    incident_table = pd.DataFrame({**what_and_where, **_response(calls, names, random)})
    return MadeUpRecords(incident_table, _mobilisations(calls, names, random))


def _calls(
    stations: pd.DataFrame, count: int, years: tuple[int, ...], random: np.random.Generator
) -> pd.DataFrame:
    """What happened, a call a row; stations are row numbers. To every other call two engines go."""
    year = random.choice(np.array(years), count)
    year[random.random(count) < OTHER_YEARS] = min(years) - 1
    second = random.integers(0, 365 * 86_400, count).astype("timedelta64[s]")
    called = pd.Series((year - 1970).astype("datetime64[Y]").astype("datetime64[s]") + second)
    station = random.integers(0, len(stations), count)
    easting, northing = to_grid(stations["latitude"].to_numpy(float), stations["longitude"].to_numpy(float))
    kilometres = random.gamma(3.0, 0.5, count)
    angle = random.uniform(0, 2 * np.pi, count)
    x = easting[station] + 1000 * kilometres * np.cos(angle)
    y = northing[station] + 1000 * kilometres * np.sin(angle)
    apart = np.hypot(easting[:, None] - easting, northing[:, None] - northing)
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argmin(axis=1)[station]
    farther = np.hypot(x - easting[nearest], y - northing[nearest]) / 1000
    slowness = random.normal(0, 25, len(stations))
    running = pd.Series(np.arange(1, count + 1)).astype(str).str.zfill(6)
    return pd.DataFrame(
        {
            "number": running + called.dt.strftime("-%d%m%Y"),
            "called": called,
            "year": year,
            "station": station,
            "second_station": nearest,
            "has_second": np.arange(count) % 2 == 1,
            "easting": np.round(x),
            "northing": np.round(y),
            "seconds": _attendance(kilometres, slowness[station], random),
            "second_seconds": _attendance(farther, slowness[nearest], random),
        }
    )


def _attendance(kilometres: Floats, slowness: Floats, random: np.random.Generator) -> Floats:
    count = len(kilometres)
    seconds = TURNOUT_S + slowness + SECONDS_A_KM * kilometres * random.normal(1, 0.08, count)
    seconds += random.normal(0, 30, count)
    odd = random.random(count) < ODD_TIMES
    seconds[odd] *= random.choice([0.2, 5.0], int(odd.sum()))
    seconds = np.clip(seconds, 1, 3600).round()
    seconds[random.random(count) < RARE] = np.nan
    return np.asarray(seconds, dtype=np.float64)


def _what(calls: pd.DataFrame, random: np.random.Generator) -> dict[str, Any]:
    kind, place, qualifier = (
        words[random.integers(0, len(words), len(calls))] for words in (INCIDENT_KINDS, PLACES, QUALIFIERS)
    )
    return {
        "IncidentNumber": calls["number"],
        "DateOfCall": calls["called"].dt.normalize(),
        "CalYear": calls["year"],
        "TimeOfCall": calls["called"].dt.strftime("%H:%M:%S"),
        "HourOfCall": calls["called"].dt.hour,
        "IncidentGroup": kind[:, 0],
        "StopCodeDescription": kind[:, 1],
        "SpecialServiceType": kind[:, 2],
        "PropertyCategory": place[:, 0],
        "PropertyType": place[:, 1],
        "AddressQualifier": qualifier,
    }


def _where(calls: pd.DataFrame, stations: pd.DataFrame, random: np.random.Generator) -> dict[str, Any]:
    count, station = len(calls), calls["station"]
    borough = pd.Series(stations["borough"].to_numpy()[station])
    ward = borough.str.upper() + " WARD " + (1 + station % 9).astype(str)
    district = "ZZ" + (1 + station).astype(str)
    latitude, longitude = map(
        pd.Series, to_degrees(calls["easting"].to_numpy(), calls["northing"].to_numpy())
    )
    dirt = random.random(count)
    blank, zero = dirt < BLANK_LATITUDES, dirt >= 1 - ZERO_LATITUDES
    unlocated = random.random(count) < RARE / 5
    return {
        "Postcode_full": (district + " 9ZZ").mask(blank),
        "Postcode_district": district,
        "UPRN": np.where(blank, 0, random.integers(10**11, 10**12, count)),
        "USRN": random.integers(8_000_000, 23_000_000, count),
        "IncGeo_BoroughCode": "E0900" + (1000 + station % 33).astype(str),
        "IncGeo_BoroughName": borough.str.upper(),
        "ProperCase": borough,
        "IncGeo_WardCode": "E0509" + (9000 + station).astype(str),
        "IncGeo_WardName": ward,
        "IncGeo_WardNameNew": ward,
        "Easting_m": calls["easting"].mask(blank),
        "Northing_m": calls["northing"].mask(blank),
        # As published where an address is to stay unknown: the middle of a square of 100 m.
        "Easting_rounded": (calls["easting"] // 100 * 100 + 50).mask(unlocated),
        "Northing_rounded": (calls["northing"] // 100 * 100 + 50).mask(unlocated),
        "Latitude": latitude.round(10).mask(blank).mask(zero, 0.0),
        "Longitude": longitude.round(10).mask(blank).mask(zero, 0.0),
    }


def _response(calls: pd.DataFrame, names: npt.NDArray[Any], random: np.random.Generator) -> dict[str, Any]:
    count, alone = len(calls), ~calls["has_second"]
    pumps = np.where(alone, 1, 2)
    minutes = 60 * pumps + random.integers(0, 90, count) * (random.random(count) < 0.3)
    return {
        "FRS": f"London ({LABEL})",
        "IncidentStationGround": names[calls["station"]],
        "FirstPumpArriving_AttendanceTime": calls["seconds"],
        "FirstPumpArriving_DeployedFromStation": names[calls["station"]],
        "SecondPumpArriving_AttendanceTime": calls["second_seconds"].mask(alone),
        "SecondPumpArriving_DeployedFromStation": pd.Series(names[calls["second_station"]]).mask(alone),
        "NumStationsWithPumpsAttending": pumps,
        "NumPumpsAttending": pumps,
        "PumpCount": pumps,
        "PumpMinutesRounded": minutes,
        "Notional Cost (£)": np.round(minutes * 388 / 60),
        "NumCalls": random.geometric(0.8, count),
    }


def _mobilisations(calls: pd.DataFrame, names: npt.NDArray[Any], random: np.random.Generator) -> pd.DataFrame:
    seconds_too = calls[calls["has_second"]]
    seconds_too = seconds_too.assign(
        station=seconds_too["second_station"], seconds=seconds_too["second_seconds"]
    )
    sent = pd.concat([calls.assign(pump=1), seconds_too.assign(pump=2)], ignore_index=True)
    count, seconds, station = len(sent), sent["seconds"], sent["station"].astype(str)
    name = np.where(random.random(count) < RARE, UNKNOWN_STATION, names[sent["station"]])
    turnout = np.minimum(np.round(random.normal(75, 15, count)).clip(20), seconds)
    left = seconds + random.integers(300, 5400, count)
    return pd.DataFrame(
        {
            "IncidentNumber": sent["number"],
            "CalYear": sent["year"],
            "HourOfCall": sent["called"].dt.hour,
            "ResourceMobilisationId": 9_000_000 + np.arange(count),
            "Resource_Code": "Z" + station + sent["pump"].astype(str),
            "PerformanceReporting": sent["pump"],
            "DateAndTimeMobilised": _time(sent["called"], pd.Series(np.zeros(count))),
            "DateAndTimeMobile": _time(sent["called"], turnout),
            "DateAndTimeArrived": _time(sent["called"], seconds),
            "TurnoutTimeSeconds": turnout,
            "TravelTimeSeconds": seconds - turnout,
            "AttendanceTimeSeconds": seconds,
            "DateAndTimeLeft": _time(sent["called"], left),
            "DateAndTimeReturned": _time(sent["called"], left + 600),
            "DeployedFromStation_Code": "Z" + station,
            "DeployedFromStation_Name": name,
            "DeployedFromLocation": "Home Station",
            "PumpOrder": sent["pump"],
            "PlusCode_Code": "Initial",
            "PlusCode_Description": f"Initial Mobilisation ({LABEL})",
            "DelayCodeId": pd.Series(np.full(count, 9.0)).mask(seconds < 480),
            "DelayCode_Description": pd.Series("Traffic, roadworks, etc", range(count)).mask(seconds < 480),
        }
    )


def _time(called: pd.Series, seconds: pd.Series) -> pd.Series:
    """seconds: whole ones, or missing; pandas' own conversion warns of an overflow at random where one is."""
    later = pd.Series(seconds.fillna(0).astype("int64").to_numpy().astype("timedelta64[s]"))
    return pd.Series((called + later).mask(seconds.isna()).dt.strftime("%d/%m/%Y %H:%M:%S"))
