"""Use cases whose rows are in a CSV file."""

from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from db.sets import SetName, read_set
from db.use_cases import find_use_case
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app
from tests.conftest import Sessions
from tests.integration.simulator.conftest import Rows

PATH = "/root/simulator"
FIRE = {"use_case": "fire_brigade"}
STATIONS = ("Acton", "Soho", "Woolwich")
ROWS = 100


def fire_rows(rows: int = ROWS, *, station: str = "") -> str:
    """Calls, the newest first, so that order in the file and in time differ."""
    lines = [
        f"{200 + row},{station or STATIONS[row % 3]},{row / 10},2023-01-01T00:{(rows - row) // 60:02}:"
        f"{(rows - row) % 60:02}"
        for row in range(rows)
    ]
    return "\n".join(["AttendanceTimeSeconds,DeployedFromStation_Name,distance,CallTime", *lines])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The folder of data files, empty."""
    return tmp_path


@pytest.fixture
def client(database_url: str, data: Path) -> FlaskClient:
    return create_app(SimulatorSettings(database_url=SecretStr(database_url), data_dir=data)).test_client()


def load(client: FlaskClient, set_name: str, **fields: object) -> int:
    answer = client.post(PATH, json={"set_name": set_name, **FIRE, **fields})
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    return int(answer.json["rows"])


def write(data: Path, text: str) -> None:
    (data / "global_data.csv").write_text(text, encoding="utf-8")


def test_the_simulator_starts_without_the_file_and_says_what_to_do(client: FlaskClient) -> None:
    assert client.get("/health/ready").status_code == 200
    assert client.get(PATH, query_string=FIRE).json["sets"] == {  # type: ignore[index]
        "training": 0,
        "testing": 0,
        "production": 0,
    }
    answer = client.post(PATH, json={"set_name": "training", **FIRE})
    assert answer.status_code == 409
    assert answer.json is not None
    assert "global_data.csv" in answer.json["error"]
    assert "build_features" in answer.json["message"]
    assert "use-case add" in answer.json["message"]


def test_the_file_is_found_without_a_restart_and_split_by_time(
    client: FlaskClient, data: Path, sessions: Sessions
) -> None:
    write(data, fire_rows())
    assert [load(client, name) for name in ("training", "testing", "production")] == [60, 20, 20]
    names: tuple[SetName, ...] = ("training", "testing")
    with sessions() as session:
        fire = find_use_case(session, "fire_brigade")
        training, testing = (read_set(session, fire, name) for name in names)
    assert training.sample_index.tolist() == list(range(99, 39, -1))  # the oldest call first
    assert testing.sample_index.tolist() == list(range(39, 19, -1))
    stations = fire.features[1].categories
    for block in (training, testing):
        np.testing.assert_array_equal(block.features[:, 0], block.sample_index / 10)
        expected = [stations.index(STATIONS[row % 3]) for row in block.sample_index]
        np.testing.assert_array_equal(block.features[:, 1], expected)
        np.testing.assert_array_equal(block.target, 200 + block.sample_index)


def test_psql_shows_the_station_by_its_name_and_the_target_as_a_number(
    client: FlaskClient, data: Path, rows: Rows
) -> None:
    write(data, fire_rows())
    load(client, "training")
    assert rows("SELECT station, count(*) FROM fire_brigade.samples GROUP BY 1 ORDER BY 1") == [
        (name, 20) for name in STATIONS
    ]
    assert rows("SELECT pg_typeof(class)::text FROM fire_brigade.targets LIMIT 1") == [("double precision",)]


def test_a_station_that_is_not_listed_is_stored_and_told_and_a_missing_one_is_null(
    client: FlaskClient, data: Path, rows: Rows
) -> None:
    write(data, fire_rows().replace("Soho", "Paris").replace("Woolwich", ""))
    load(client, "training")
    assert rows("SELECT DISTINCT station FROM fire_brigade.samples ORDER BY 1") == [
        ("Acton",),
        ("Paris",),
        (None,),
    ]


@pytest.mark.parametrize(("fouling", "swapped"), [("none", 0), ("reference", 0), ("heavy", 6)])
def test_stations_of_production_are_swapped_by_heavy_fouling_only(
    client: FlaskClient, data: Path, rows: Rows, fouling: str, swapped: int
) -> None:
    write(data, fire_rows(station="Acton"))
    load(client, "production", fouling=fouling)
    ((others, missing),) = rows(
        "SELECT count(*) FILTER (WHERE station <> 'Acton'), count(*) FILTER (WHERE station IS NULL)"
        " FROM fire_brigade.samples"
    )
    assert (others >= swapped) if swapped else (others == 0)  # type: ignore[operator]
    assert missing == {"none": 0, "reference": 1, "heavy": 4}[fouling]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        (fire_rows(5), "5 rows"),
        (fire_rows().replace("distance", "way"), "no column 'distance'"),
        (fire_rows().replace("200,Acton,0.0", "200,Acton,far"), "row 1, column 'distance': 'far'"),
    ],
)
def test_a_file_that_cannot_be_used_is_409_and_says_why(
    client: FlaskClient, data: Path, text: str, told: str
) -> None:
    write(data, text)
    answer = client.post(PATH, json={"set_name": "training", **FIRE})
    assert (answer.status_code, told in answer.json["error"]) == (409, True), answer.json  # type: ignore[index]
    write(data, fire_rows())
    assert load(client, "training") == 60


def test_the_rows_of_a_former_file_leave_every_set(client: FlaskClient, data: Path) -> None:
    write(data, fire_rows())
    for name in ("training", "testing", "production"):
        load(client, name)
    write(data, fire_rows(200))
    load(client, "testing")
    assert client.get(PATH, query_string=FIRE).json["sets"] == {  # type: ignore[index]
        "training": 0,
        "testing": 40,
        "production": 0,
    }
    assert load(client, "training") == 120
