"""What is live is changed only if it is what the caller has seen: `expected_active`."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from tests.integration.ml_model.conftest import Rows
from tests.integration.ml_model.test_deployments import active, deploy, deployed, give, lasting

__all__ = ["deployed"]  # a fixture


def test_what_is_live_is_changed_only_if_it_is_what_the_caller_has_seen(
    client: FlaskClient, deployed: list[int], rows: Rows
) -> None:
    before, live, _ = deployed
    promoted = {"role": "active", "keep": "shadow"}
    back = {"deployment_id": before}
    for answer in (
        give(client, before, expected_active=before + 99, **promoted),
        client.post("/root/ml/rollback", json={**back, "expected_active": before}),
    ):
        told: Any = answer.get_json()
        assert (answer.status_code, told["code"]) == (409, "active_changed")
        assert f"eployment {live} is" in told["error"]
    assert lasting(rows) == [(live, "active", None)]
    assert client.post("/root/ml/rollback", json={**back, "expected_active": live}).status_code == 200
    assert give(client, live, expected_active=before, **promoted).status_code == 200
    assert lasting(rows) == [(live, "active", None), (before, "shadow", None)]


def test_a_deployment_that_is_live_already_is_so_whatever_was_expected(
    client: FlaskClient, deployed: list[int]
) -> None:
    before, live, _ = deployed
    told = give(client, live, role="active", expected_active=before).get_json()
    assert told["code"] == "already_active"


def test_what_is_live_is_compared_once_whoever_changes_it_has_done_so(
    client: FlaskClient, deployed: list[int], database_url: str
) -> None:
    before, live, _ = deployed
    other = deploy(client, "RandomForest")
    engine = create_engine(database_url)
    with ThreadPoolExecutor(1) as pool, engine.connect() as changing:
        changing.execute(text("SELECT name FROM use_cases WHERE name = 'wine' FOR NO KEY UPDATE"))
        asking = pool.submit(give, client, before, role="active", expected_active=other)
        time.sleep(0.5)  # it waits for the use case
        changing.execute(text("UPDATE activations SET until = now() WHERE until IS NULL"))
        changing.execute(
            text(
                "INSERT INTO activations (use_case, deployment_id, role, reason, actor) "
                "VALUES ('wine', :id, 'active', 'a person', 'test')"
            ),
            {"id": live},
        )
        changing.commit()
        told = asking.result(30).get_json()
    engine.dispose()
    assert told["code"] == "active_changed"
    assert active(client) == live
