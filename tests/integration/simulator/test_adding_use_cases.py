"""Use cases that are added while the simulator runs."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app
from tests.integration.simulator.conftest import Rows
from tests.integration.simulator.tea import PATH, TEA, add, listed, load, tea_csv
from tests.made_up_fires import fires_csv


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def settings(database_url: str, data: Path) -> SimulatorSettings:
    return SimulatorSettings(database_url=SecretStr(database_url), data_dir=data)


def test_what_is_added_can_be_loaded_at_once(client: FlaskClient, rows: Rows) -> None:
    assert add(client, definition=TEA, csv=tea_csv()) == {
        "message": "Registered tea",
        "use_case": "tea",
        "task": "regression",
        "registered": True,
        "sets": {"training": 30, "testing": 10, "production": 10},
    }
    assert load(client, "training")["rows"] == 30
    assert rows("SELECT DISTINCT cup FROM tea.samples ORDER BY 1") == [("blue",), ("red",), (None,)]
    assert rows("SELECT action, subject, use_case, actor FROM public.audit_events ORDER BY id") == [
        ("add_use_case", "tea", "tea", "anonymous"),
        ("load_set", "training", "tea", "anonymous"),
    ]


def test_another_replica_and_a_restart_know_it(client: FlaskClient, settings: SimulatorSettings) -> None:
    add(client, definition=TEA, csv=tea_csv())
    other = create_app(settings).test_client()
    assert load(other, "testing")["rows"] == 10
    assert listed(other)["tea"]["sets"] == {"training": 0, "testing": 10, "production": 0}


def test_use_cases_are_listed_with_what_they_are(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    found = listed(client)
    assert list(found) == ["fire_brigade", "wine", "tea"]
    assert [found[name]["uploaded"] for name in found] == [False, False, True]
    assert found["tea"] == {
        "name": "tea",
        "task": "regression",
        "target": "minutes",
        "features": [
            {"name": "heat", "type": "number", "categories": []},
            {"name": "cup", "type": "category", "categories": ["blue", "red"]},
        ],
        "source": "csv",
        "split": "random",
        "uploaded": True,
        "registered": True,
        "sets": {"training": 0, "testing": 0, "production": 0},
    }
    assert found["fire_brigade"]["split"] == "time"


def test_new_rows_replace_the_former_ones_and_categories_stay(client: FlaskClient, rows: Rows) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    load(client, "testing")
    added = add(client, use_case="tea", csv=tea_csv(100).replace("blue", "green"))
    assert added["sets"]["training"] == 60
    load(client, "training")
    assert listed(client)["tea"]["sets"] == {"training": 60, "testing": 0, "production": 0}
    assert listed(client)["tea"]["features"][1]["categories"] == ["blue", "red"]
    assert rows("SELECT DISTINCT cup FROM tea.samples ORDER BY 1") == [("green",), ("red",), (None,)]


def test_rows_of_no_category_are_counted_wherever_rows_come_in(client: FlaskClient) -> None:
    assert "unlisted" not in add(client, definition=TEA, csv=tea_csv())
    other = tea_csv(60).replace("blue", "BLUE").replace("1.5,1,BLUE", "1.5,1,azure")
    added = add(client, use_case="tea", csv=other)
    assert added["unlisted"] == {"cup": {"rows": 20, "share": 20 / 60, "examples": ["BLUE", "azure"]}}
    assert "20 rows (33%) of 'cup' are in no category, such as 'BLUE'" in added["message"]
    loaded = [load(client, name) for name in ("training", "testing")]
    production = client.post(PATH, json={"set_name": "production", "use_case": "tea", "fouling": "none"}).json
    counts = [answer["unlisted"]["cup"]["rows"] for answer in (*loaded, production)]
    assert sum(counts) == 20


def test_fouling_leaves_names_that_are_not_listed_or_sets_them_missing(
    client: FlaskClient, rows: Rows
) -> None:
    add(client, definition=TEA, csv=tea_csv())
    add(client, use_case="tea", csv=tea_csv(100).replace("blue", "BLUE"))
    body = {"set_name": "production", "use_case": "tea", "fouling": {"missing": 1.0, "columns": ["cup"]}}
    assert "unlisted" not in client.post(PATH, json=body).json  # type: ignore[operator]
    assert rows("SELECT DISTINCT cup FROM tea.samples") == [(None,)]


def test_a_new_synthetic_source_has_other_rows(client: FlaskClient) -> None:
    clouds = {"name": "clouds", "task": "regression", "target": "t", "features": [{"name": "x"}]}
    for count in (100, 200):
        add(client, definition={**clouds, "source": {"kind": "synthetic", "rows": count}})
        assert load(client, "training", "clouds")["rows"] == 0.6 * count


def test_a_new_split_is_a_new_division_of_the_same_rows(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    by_heat = {**TEA, "split": {"kind": "time", "column": "heat"}}
    add(client, definition=by_heat)
    load(client, "testing")
    assert listed(client)["tea"]["sets"] == {"training": 0, "testing": 10, "production": 0}
    assert listed(client)["tea"]["split"] == "time"


def test_rows_that_cannot_be_used_change_nothing(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    broken = tea_csv().replace("3.5,3,", "3.5,hot,")
    answer = add(client, 400, definition=TEA, csv=broken)
    assert answer["error"] == "'csv': row 4, column 'heat': 'hot' is not a number"
    load(client, "testing")
    assert listed(client)["tea"]["sets"]["training"] == 30


def test_other_features_under_a_registered_name_are_409(client: FlaskClient) -> None:
    add(client, definition=TEA, csv=tea_csv())
    answer = add(client, 409, definition={**TEA, "features": [{"name": "heat"}]}, csv=tea_csv())
    assert "new name" in answer["message"]


def test_a_definition_alone_is_registered_if_it_lists_its_categories(client: FlaskClient) -> None:
    features = [{"name": "heat"}, {"name": "cup", "type": "category", "categories": ["red", "blue"]}]
    assert add(client, definition={**TEA, "features": features})["sets"] is None
    answer = load(client, "training", status=409)
    assert "use-case add" in answer["message"]
    add(client, use_case="tea", csv=tea_csv())
    assert load(client, "training")["rows"] == 30


def test_synthetic_rows_need_no_file(client: FlaskClient) -> None:
    clouds = {
        "name": "clouds",
        "task": "classification",
        "target": "cloud",
        "source": {"kind": "synthetic", "rows": 100},
        "features": [{"name": "x"}, {"name": "y"}],
    }
    add(client, definition=clouds)
    assert load(client, "training", "clouds")["rows"] == 60


def test_the_fire_brigades_rows_can_be_sent_from_elsewhere(client: FlaskClient, data: Path) -> None:
    added = add(client, use_case="fire_brigade", csv=fires_csv(100))
    assert added["sets"] == {"training": 60, "testing": 20, "production": 20}
    assert load(client, "training", "fire_brigade")["rows"] == 60
    assert not listed(client)["fire_brigade"]["uploaded"]
    (data / "global_data.csv").write_text(fires_csv(200), encoding="utf-8")
    answer = add(client, 409, use_case="fire_brigade", csv=fires_csv(100))
    assert "global_data.csv" in answer["error"]
    assert load(client, "training", "fire_brigade")["rows"] == 120
