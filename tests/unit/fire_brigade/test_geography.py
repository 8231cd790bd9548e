"""Points of the National Grid are where they are in degrees, and distances are those on a sphere."""

import numpy as np
import pytest

from fire_brigade.service.geography import haversine_km, to_degrees, to_grid


def test_a_published_point_of_the_grid_has_its_published_degrees() -> None:
    latitude, longitude = to_degrees(np.array([521277.0]), np.array([193865.0]))
    # Within 5 m: the publisher has the Ordnance Survey's grid of corrections, which PROJ goes without.
    assert latitude == pytest.approx(51.6305447441, abs=5e-5)
    assert longitude == pytest.approx(-0.2491579844, abs=7e-5)


def test_there_and_back_is_the_same_point() -> None:
    easting, northing = to_grid(*to_degrees(np.array([530000.0, 508450.0]), np.array([180000.0, 165050.0])))
    assert easting == pytest.approx([530000.0, 508450.0], abs=0.01)
    assert northing == pytest.approx([180000.0, 165050.0], abs=0.01)


def test_distances_are_those_of_a_sphere_of_6371_km() -> None:
    zero, quarter, half = np.zeros(3), np.array([0.0, 90.0, 0.0]), np.array([1.0, 0.0, 180.0])
    expected = [6371 * np.pi / 180, 6371 * np.pi / 2, 6371 * np.pi]
    assert haversine_km(zero, zero, quarter, half) == pytest.approx(expected)
    assert haversine_km(quarter, half, quarter, half) == pytest.approx([0, 0, 0])


def test_no_points_have_no_distances() -> None:
    none = np.empty(0)
    assert len(haversine_km(none, none, *to_degrees(none, none))) == 0
