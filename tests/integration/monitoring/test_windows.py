"""A window of production is judged alone, against whatever it is to be held against."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from db.definition import UseCase
from db.sets import RowRange
from monitoring.persistence.model.window import Arrived, LastRows
from monitoring.persistence.repository.scored_deployments import ScoredDeployments
from monitoring.persistence.repository.windows import WindowRepository
from tests.conftest import Sessions
from tests.integration.monitoring.conftest import Fleet, Rows
from tests.integration.monitoring.test_live_rows import (  # noqa: F401  # fixtures
    NAME,
    Answer,
    answer,
    judge,
    made_up,
    serving,
)

PATH = "/root/monitoring"


def judged(client: FlaskClient, **fields: Any) -> dict[str, str]:
    """The verdict of each feature's drift, by column."""
    message = judge(client, "tests", tests={"data_drift": True}, **fields)
    return {
        check["column"]: check["status"]
        for check in message["tests"]
        if check["name"] == "column_drift" and check["column"] in ("x0", "x1", "x2")
    }


def test_old_drift_is_not_in_a_new_window(client: FlaskClient, answer: Answer) -> None:  # noqa: F811
    answer(made_up(2000, mean=3.0))
    second = answer(made_up(200))["sample_index"]
    assert set(judged(client).values()) == {"FAIL"}
    assert set(judged(client, window={"last": 200}).values()) == {"SUCCESS"}
    assert set(judged(client, window={"rows": [second[0], second[-1]]}).values()) == {"SUCCESS"}
    assert set(judged(client, window={"rows": [second[0] - 2000, second[0] - 1]}).values()) == {"FAIL"}


def test_times_divide_production(client: FlaskClient, answer: Answer, rows: Rows) -> None:  # noqa: F811
    answer(made_up(300, mean=3.0))
    answer(made_up(200))
    ((moment,),) = rows(f"SELECT max(created_at) FROM {NAME}.samples")  # noqa: S608  # a constant
    assert set(judged(client, window={"since": moment.isoformat()}).values()) == {"SUCCESS"}
    ((before,),) = rows(f"SELECT max(created_at) - interval '1 us' FROM {NAME}.samples")  # noqa: S608
    assert set(judged(client, window={"until": before.isoformat()}).values()) == {"FAIL"}


def test_a_window_is_held_against_another_one(client: FlaskClient, answer: Answer) -> None:  # noqa: F811
    drifted = made_up(300, mean=3.0)
    first = answer(drifted)["sample_index"]
    answer(drifted[::-1])
    window, before = {"last": 300}, {"window": {"rows": [first[0], first[-1]]}}
    assert set(judged(client, window=window).values()) == {"FAIL"}
    assert set(judged(client, window=window, reference=before).values()) == {"SUCCESS"}


def test_a_form_names_a_window_too(client: FlaskClient, scored: int) -> None:
    form = {"metric": "tests", "tests": '{"data_stability": true}', "window": '{"last": 10}'}
    response = client.post(PATH, data=form)
    assert response.status_code == 200, response.text
    (count,) = (check for check in response.json["message"]["tests"] if check["name"] == "row_count")  # type: ignore[index]
    assert count["value"] == 10


def test_training_is_a_reference_once_it_is_scored(client: FlaskClient, scored: int, fleet: Fleet) -> None:
    body = {"metric": "summary", "reference": "training"}
    refused = client.post(PATH, json=body)
    assert (refused.status_code, refused.json["code"]) == (409, "not_scored")  # type: ignore[index]
    assert "training" in refused.json["error"]  # type: ignore[index]
    fleet.score(scored, "training")
    assert client.post(PATH, json=body).status_code == 200


@pytest.mark.parametrize(
    "window",
    [{"rows": [500_000, 600_000]}, {"since": "2200-01-01T00:00:00Z"}, {"until": "1999-01-01T00:00:00Z"}],
)
def test_a_window_without_rows_is_refused_by_name(
    client: FlaskClient, scored: int, window: dict[str, Any]
) -> None:
    response = client.post(PATH, json={"metric": "tests", "window": window})
    assert (response.status_code, response.json["code"]) == (409, "empty_window")  # type: ignore[index]
    assert next(iter(window)) in response.json["error"]  # type: ignore[index]


def test_the_next_full_window_waits_for_its_rows(sessions: Sessions, wine: UseCase, scored: int) -> None:
    with sessions() as session:
        windows = WindowRepository(session)
        first, last = windows.find(wine, LastRows(1000)).ids
        assert windows.rows_after(wine, 0, at_most=1000) == 36
        now = session.scalars(text("SELECT clock_timestamp()")).one()
        assert windows.next_full(wine, 0, 30, now) == Arrived(first, first + 29)
        assert windows.next_full(wine, first + 29, 6, now) == Arrived(first + 30, last)
        assert windows.next_full(wine, first + 29, 7, now) is None
        assert windows.next_full(wine, 0, 30, now - timedelta(hours=1)) is None
        assert windows.came_after(wine, last) is None
        assert windows.came_after(wine, last - 1) is not None


LIVE = "INSERT INTO wine.samples (dataset_id, sample_index, origin) VALUES (3, :index, 'live')"


def test_a_window_waits_for_rows_that_took_their_place_before_it_was_full(
    sessions: Sessions, wine: UseCase, scored: int
) -> None:
    def next_full() -> Arrived | None:
        with sessions() as session:
            now = session.scalars(text("SELECT clock_timestamp()")).one()
            return WindowRepository(session).next_full(wine, newest, 2, now)

    with sessions() as session:
        newest = WindowRepository(session).newest(wine)
    with sessions() as slow, sessions() as quick:
        slow.execute(text(LIVE), {"index": 1_000_000_000})
        for index in (1_000_000_001, 1_000_000_002):
            quick.execute(text(LIVE), {"index": index})
        quick.commit()
        assert next_full() is None
        slow.commit()
    with sessions() as session:
        ids = session.scalars(
            text("SELECT sample_id FROM wine.samples ORDER BY sample_id DESC LIMIT 3")
        ).all()
    assert next_full() == Arrived(ids[2], ids[1])


COPIES = """
    INSERT INTO wine.samples (dataset_id, sample_index, origin)
    SELECT 3, 2000000000 + number, 'live' FROM generate_series(1, 200000) AS number;
    INSERT INTO wine.predictions (sample_index, prediction_index, class, deployment_id)
    SELECT sample_index, sample_index, 1, :deployment FROM wine.samples WHERE dataset_id = 3
    ON CONFLICT DO NOTHING;
"""


def blocks_read(plan: list[dict[str, Any]]) -> int:
    top = plan[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def test_a_window_and_the_choice_of_its_deployment_read_a_few_pages(
    sessions: Sessions, wine: UseCase, scored: int, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.set_model()  # the newest, which has predicted nothing
    with sessions() as session:
        session.execute(text(COPIES), {"deployment": scored})
        session.commit()
        session.execute(text("ANALYZE wine.samples, wine.predictions"))
        pages: list[int] = []
        plainly, plainly_scalar, plainly_scalars = session.execute, session.scalar, session.scalars

        def counted(statement: Any) -> None:
            compiled = statement.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
            explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {compiled}".replace("%%", "%")
            plan = plainly(text(explained.replace(":", r"\:"))).scalar_one()
            pages.append(blocks_read(plan if isinstance(plan, list) else json.loads(plan)))

        def execute(statement: Any, *rest: Any, **more: Any) -> Any:
            counted(statement)
            return plainly(statement, *rest, **more)

        def scalar(statement: Any, *rest: Any, **more: Any) -> Any:
            counted(statement)
            return plainly_scalar(statement, *rest, **more)

        def scalars(statement: Any, *rest: Any, **more: Any) -> Any:
            counted(statement)
            return plainly_scalars(statement, *rest, **more)

        monkeypatch.setattr(session, "scalars", scalars)
        monkeypatch.setattr(session, "execute", execute)
        monkeypatch.setattr(session, "scalar", scalar)
        found = WindowRepository(session).find(wine, LastRows(1000))
        sides = RowRange("testing"), found.range
        assert ScoredDeployments(session).newest(wine, sides) == scored
        assert ScoredDeployments(session).newest(wine, (sides[0], RowRange("production"))) == scored
    assert found.rows == 1000
    assert pages
    assert max(pages) < 700, pages  # samples alone have some thousands
