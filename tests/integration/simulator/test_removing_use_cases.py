"""Use cases that are removed while the simulator runs."""

import pytest
from flask.testing import FlaskClient

from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app
from tests.integration.simulator.conftest import Rows
from tests.integration.simulator.tea import PATH, TEA, add, listed, load, tea_csv


def test_a_use_case_is_removed_with_all_that_is_stored_of_it(client: FlaskClient, rows: Rows) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    answer = client.delete(f"{PATH}/use_cases/tea")
    assert (answer.status_code, answer.json) == (
        200,
        {
            "message": "Removed tea",
            "use_case": "tea",
            "rows": {"training": 30, "testing": 0, "production": 0},
            "deployments": 0,
        },
    )
    assert list(listed(client)) == ["fire_brigade", "wine"]
    assert rows("SELECT 1 FROM public.csv_parts") == []
    assert rows("SELECT 1 FROM information_schema.schemata WHERE schema_name = 'tea'") == []
    told = rows("SELECT action, subject, use_case FROM public.audit_events ORDER BY id DESC LIMIT 1")
    assert told == [("remove_use_case", "tea", "tea")]
    assert client.delete(f"{PATH}/use_cases/tea").status_code == 404
    load(client, "training", status=404)


def test_its_name_is_free_for_another_definition(client: FlaskClient, settings: SimulatorSettings) -> None:
    add(client, definition=TEA, csv=tea_csv())
    load(client, "training")
    client_of_a_replica = create_app(settings).test_client()
    client_of_a_replica.delete(f"{PATH}/use_cases/tea")
    only_heat = {**TEA, "features": [{"name": "heat"}]}
    add(client, definition=only_heat, csv=tea_csv())
    assert load(client, "training")["rows"] == 30
    assert [each["name"] for each in listed(client)["tea"]["features"]] == ["heat"]


def test_what_was_begun_to_be_sent_can_be_taken_back(client: FlaskClient, rows: Rows) -> None:
    add(client, definition=TEA, csv="minutes", part=1, parts=2)
    assert client.delete(f"{PATH}/use_cases/tea").status_code == 200
    assert rows("SELECT 1 FROM public.csv_parts") == []


@pytest.mark.parametrize(
    ("name", "status"), [("wine", 409), ("beer", 404), ("public", 404), ("%00", 404), ("Tea'; DROP", 404)]
)
def test_what_cannot_be_removed_is_told(client: FlaskClient, name: str, status: int) -> None:
    answer = client.delete(f"{PATH}/use_cases/{name}")
    assert answer.status_code == status, answer.json
    assert list(listed(client)) == ["fire_brigade", "wine"]
