"""Where things are, and how far apart."""

from functools import cache

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

EARTH_RADIUS_KM = 6371.0
NATIONAL_GRID = "EPSG:27700"
DEGREES = "EPSG:4326"

Floats = npt.NDArray[np.float64]


def to_degrees(easting: Floats, northing: Floats) -> tuple[Floats, Floats]:
    """Latitude and longitude (WGS 84) of points of the British National Grid, in metres; all (points,)."""
    latitude, longitude = _transformer(NATIONAL_GRID, DEGREES).transform(easting, northing)
    return np.asarray(latitude), np.asarray(longitude)


def to_grid(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats]:
    """Easting and northing in metres of points given in degrees (WGS 84); all (points,)."""
    easting, northing = _transformer(DEGREES, NATIONAL_GRID).transform(latitude, longitude)
    return np.asarray(easting), np.asarray(northing)


def haversine_km(latitude: Floats, longitude: Floats, to_latitude: Floats, to_longitude: Floats) -> Floats:
    """Distance over a sphere of 6371 km radius between points in degrees; all (points,)."""
    here, there = np.radians(latitude), np.radians(to_latitude)
    half_height = np.sin((there - here) / 2) ** 2
    half_width = np.sin(np.radians(to_longitude - longitude) / 2) ** 2
    share = np.clip(half_height + np.cos(here) * np.cos(there) * half_width, 0, 1)
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(share)), dtype=np.float64)


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target)
