"""Stations come from the reference folder, or from the list that is shipped."""

from pathlib import Path

import pytest

from fire_brigade.persistence.repository.tables import SHIPPED, UnusableStationsError, read_stations
from tests.fire_brigade_records import LFB


def test_the_shipped_stations_are_clean_and_in_order(tmp_path: Path) -> None:
    stations = read_stations(tmp_path / "stations.csv")
    assert list(stations) == ["name", "address", "borough", "latitude", "longitude"]
    assert stations["name"].is_monotonic_increasing
    assert not SHIPPED.read_text(encoding="utf-8").count("<")
    assert not stations["borough"].str.contains("[&;<>\xa0]|^ | $").any()
    assert stations["latitude"].between(51.2, 51.8).all()
    assert stations["longitude"].between(-0.6, 0.4).all()


def test_a_station_file_of_ones_own_counts(tmp_path: Path) -> None:
    own = tmp_path / "stations.csv"
    own.write_text("name,latitude,longitude\nNA,51.5,-0.1\nB,,\n", encoding="utf-8")
    stations = read_stations(own)
    assert stations["name"].tolist() == ["NA", "B"]
    assert stations["latitude"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"station,lat,lon\nActon,1,2\n", "lacks name, latitude, longitude"),
        (b"name,latitude,longitude\nActon,1,2\nActon,1,2\n", "Acton more than once"),
        (b"", "no readable CSV"),
        (b"name,latitude,longitude\nx,Acton,1,2\n", "row 1 has 4 cells, the header 3"),
        (b"\xff\xfe\x00", "no readable CSV"),
    ],
)
def test_a_station_file_that_is_none_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "stations.csv").write_bytes(content)
    with pytest.raises(UnusableStationsError, match=said):
        read_stations(tmp_path / "stations.csv")


@pytest.mark.skipif(LFB is None, reason="the real records are not there (MLFLEET_SHARED)")
def test_every_station_of_the_real_records_is_shipped(tmp_path: Path) -> None:
    assert LFB is not None
    real = read_stations(LFB / "stations.csv")
    shipped = read_stations(tmp_path / "none.csv")
    assert set(shipped["name"]) == set(real["name"])
    both = real.merge(shipped, on="name")
    assert both["latitude_x"].tolist() == both["latitude_y"].tolist()
    assert both["longitude_x"].tolist() == both["longitude_y"].tolist()
