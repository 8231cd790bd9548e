"""`POST /root/simulator` stores what API.md says."""

import itertools

import numpy as np
import pytest
from flask.testing import FlaskClient
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sqlalchemy import text

from db.definition import UseCase
from db.sets import SetName, read_set
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app
from tests.conftest import Sessions
from tests.integration.simulator.conftest import Rows

PATH = "/root/simulator"
SIZES = {"training": 106, "testing": 36, "production": 36}
COUNTS = """SELECT (SELECT count(*) FROM wine.samples), (SELECT count(*) FROM wine.targets),
                   (SELECT count(*) FROM wine.predictions)"""


LIVE_ROW = """
WITH live AS (
    INSERT INTO wine.samples (dataset_id, sample_index, alcohol)
    VALUES (3, nextval('wine.live_sample_index'), 12.5) RETURNING sample_index
), deployment AS (
    INSERT INTO public.deployments (use_case, model_name, hyperparameters, preprocessing)
    VALUES ('wine', 'SVC', '{}', 'none') RETURNING id
), truth AS (
    INSERT INTO wine.targets (sample_index, target_index, class)
    SELECT sample_index, sample_index, 1 FROM live
)
INSERT INTO wine.predictions (sample_index, prediction_index, class, deployment_id)
SELECT sample_index, sample_index, 0, id
FROM (SELECT sample_index FROM live UNION ALL SELECT sample_index FROM wine.samples) AS every, deployment
"""


def load(client: FlaskClient, set_name: str, **fields: object) -> int:
    response = client.post(PATH, json={"set_name": set_name, **fields})
    assert response.status_code == 200, response.json
    return int(response.json["rows"])  # type: ignore[index]  # it has JSON, or the line above had failed


def expected_index() -> dict[str, np.ndarray]:
    """The reference's split, computed here anew."""
    target = load_wine().target
    training, rest = train_test_split(
        np.arange(len(target)), train_size=0.6, random_state=42, stratify=target
    )
    testing, production = train_test_split(rest, train_size=0.5, random_state=42, stratify=target[rest])
    return {"training": training, "testing": testing, "production": production}


def test_get_describes_the_service_and_its_empty_sets(client: FlaskClient) -> None:
    response = client.get(PATH)
    assert (response.status_code, response.json) == (
        200,
        {
            "name": "DataSimulator",
            "message": "Simulator",
            "sets": {"training": 0, "testing": 0, "production": 0},
        },
    )


@pytest.mark.parametrize(("set_name", "size"), SIZES.items())
def test_a_loaded_set_is_answered_and_counted(client: FlaskClient, set_name: str, size: int) -> None:
    response = client.post(PATH, json={"set_name": set_name})
    assert (response.status_code, response.json) == (
        200,
        {"message": f"Load {set_name} set", "rows": size},
    )
    assert client.get(PATH).json["sets"] == {**dict.fromkeys(SIZES, 0), set_name: size}  # type: ignore[index]


def test_the_dataset_names_are_written_once(client: FlaskClient, rows: Rows) -> None:
    for _ in range(2):
        response = client.post(PATH, json={"set_name": "dataset"})
        assert (response.status_code, response.json) == (200, {"message": "Load dataset set", "rows": 3})
    assert rows("SELECT dataset_id, name FROM wine.datasets ORDER BY 1") == [
        (1, "training"),
        (2, "testing"),
        (3, "production"),
    ]


def test_tables_and_names_are_there_from_the_first_start(client: FlaskClient, rows: Rows) -> None:
    del client
    assert rows("SELECT count(*) FROM wine.datasets") == [(3,)]
    assert rows(COUNTS) == [(0, 0, 0)]


@pytest.mark.parametrize("set_name", ["training", "testing"])
def test_a_set_holds_the_rows_of_the_reference_split_in_its_order(
    client: FlaskClient, sessions: Sessions, wine: UseCase, set_name: SetName
) -> None:
    load(client, set_name)
    with sessions() as session:
        block = read_set(session, wine, set_name)
    features, target = load_wine(return_X_y=True)
    index = expected_index()[set_name]
    assert block.sample_index.tolist() == index.tolist()
    np.testing.assert_array_equal(block.features, features[index])
    np.testing.assert_array_equal(block.target, target[index])


def test_column_names_have_underscores_where_the_source_has_a_slash(
    client: FlaskClient, rows: Rows, wine: UseCase
) -> None:
    load(client, "training")
    expected = [name.replace("/", "__") for name in load_wine().feature_names]
    assert list(wine.feature_names) == expected
    stored = rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'wine'"
        " AND table_name = 'samples' ORDER BY ordinal_position"
    )
    assert [name for (name,) in stored if name in expected] == expected


def test_production_is_fouled_as_the_reference_does_by_default(
    client: FlaskClient, sessions: Sessions, wine: UseCase
) -> None:
    load(client, "production")
    with sessions() as session:
        block = read_set(session, wine, "production")
    index = expected_index()["production"]
    offset = np.random.RandomState(42).normal(0, 0.3)
    assert round(offset, 6) == 0.149014
    missing = np.isnan(block.features)
    assert missing.sum(axis=0).tolist() == [1] * 13  # round(3 % of 36 rows)
    expected = load_wine().data[index] + offset
    np.testing.assert_array_equal(block.features[~missing], expected[~missing])
    assert block.sample_index.tolist() == index.tolist()


def test_unfouled_production_holds_the_source_rows(
    client: FlaskClient, sessions: Sessions, wine: UseCase
) -> None:
    load(client, "production", fouling={"level": "none"})
    with sessions() as session:
        block = read_set(session, wine, "production")
    np.testing.assert_array_equal(block.features, load_wine().data[expected_index()["production"]])


def test_missing_values_are_stored_as_null(client: FlaskClient, rows: Rows) -> None:
    load(client, "production", fouling={"missing": 1, "columns": ["hue"]})
    assert rows("SELECT count(*), count(hue), count(alcohol) FROM wine.samples") == [(36, 0, 36)]


def test_fouling_again_replaces_the_earlier_fouling(client: FlaskClient, rows: Rows) -> None:
    load(client, "production", fouling={"level": "heavy"})
    load(client, "production", fouling={"level": "none"})
    assert rows("SELECT count(*), count(hue) FROM wine.samples") == [(36, 36)]


@pytest.mark.parametrize("order", list(itertools.permutations(SIZES)))
def test_sets_load_in_any_order(client: FlaskClient, order: tuple[str, ...]) -> None:
    for set_name in order:
        assert load(client, set_name) == SIZES[set_name]
    assert client.get(PATH).json["sets"] == SIZES  # type: ignore[index]


def test_loading_again_replaces_the_set(client: FlaskClient, rows: Rows) -> None:
    load(client, "training")
    first = rows("SELECT sample_index, alcohol FROM wine.samples ORDER BY sample_id")
    assert load(client, "training") == 106
    assert rows("SELECT sample_index, alcohol FROM wine.samples ORDER BY sample_id") == first
    assert rows(COUNTS) == [(106, 106, 0)]


def test_loading_again_leaves_the_other_sets_alone(client: FlaskClient, rows: Rows) -> None:
    for set_name in SIZES:
        load(client, set_name)
    kept = rows("SELECT * FROM wine.samples WHERE dataset_id <> 2 ORDER BY sample_id")
    load(client, "testing")
    assert rows("SELECT * FROM wine.samples WHERE dataset_id <> 2 ORDER BY sample_id") == kept


def test_loading_again_never_touches_a_live_row(client: FlaskClient, sessions: Sessions, rows: Rows) -> None:

    load(client, "production")
    with sessions() as session:
        session.execute(text(LIVE_ROW))
        session.commit()
    live = rows("SELECT * FROM wine.samples WHERE origin = 'live'")
    assert load(client, "production") == 36
    assert rows("SELECT * FROM wine.samples WHERE origin = 'live'") == live
    assert rows(COUNTS) == [(37, 37, 1)]  # predictions of replaced rows go with them
    assert rows("SELECT min(sample_index) FROM wine.targets WHERE sample_index > 178") == [(1_000_000_000,)]


def test_starting_again_deletes_nothing(client: FlaskClient, settings: SimulatorSettings, rows: Rows) -> None:

    load(client, "training")
    create_app(settings)
    assert rows(COUNTS) == [(106, 106, 0)]


def test_simulated_rows_say_where_they_come_from(client: FlaskClient, rows: Rows) -> None:
    load(client, "training")
    assert rows("SELECT DISTINCT origin, created_at <= now() FROM wine.samples") == [("simulated", True)]


def test_psql_shows_wine_without_naming_the_schema(client: FlaskClient, rows: Rows) -> None:
    load(client, "training")
    assert rows("SELECT count(*) FROM samples") == [(106,)]
