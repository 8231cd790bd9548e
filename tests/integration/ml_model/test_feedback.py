"""The truth about samples: late, repeated, in any order, a million at a time."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from db.sets import lock_set
from db.use_cases import find_use_case
from tests.benchmarks.feedback import make_samples
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Load, Rows
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import WINE, columns, predict

FEEDBACK = "/root/ml/feedback"
FIRST = 1_000_000_000


@pytest.fixture
def answered(client: FlaskClient, app: Flask, load: Load) -> list[int]:
    """The numbers of three rows that were answered and stored."""
    load("training")
    deploy(client, "SVC")
    numbers: list[int] = predict(client, columns(WINE[:3]))["sample_index"]
    app.extensions["mlfleet-live"].store.flush()
    return numbers


def tell(client: FlaskClient, numbers: list[int], target: list[float], **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(FEEDBACK, json={"sample_index": numbers, "target": target}, headers=named)


def told(answer: Any) -> tuple[int, ...]:
    assert answer.status_code == 200, answer.json
    body = answer.get_json()
    assert body["rows"] >= body["stored"]
    return tuple(body[name] for name in ("stored", "replaced", "unchanged", "unknown"))


def truths(rows: Rows) -> list[tuple[Any, ...]]:
    return rows(
        'SELECT sample_index, target_index, "class" FROM targets WHERE sample_index >= 1000000000 ORDER BY 1'
    )


def test_the_truth_is_stored_in_any_order(client: FlaskClient, answered: list[int], rows: Rows) -> None:
    assert told(tell(client, answered[::-1], [2, 1, 0])) == (3, 0, 0, 0)
    assert truths(rows) == [(number, number, label) for label, number in enumerate(answered)]


def test_the_same_truth_again_changes_nothing_and_another_one_replaces(
    client: FlaskClient, answered: list[int], rows: Rows
) -> None:
    tell(client, answered[:2], [0, 1])
    assert told(tell(client, answered, [0, 2, 1])) == (1, 1, 1, 0)
    assert [label for _, _, label in truths(rows)] == [0, 2, 1]


def test_of_several_truths_in_a_request_the_last_one_counts(
    client: FlaskClient, answered: list[int], rows: Rows
) -> None:
    assert told(tell(client, [answered[0], answered[1], answered[0]], [0, 1, 2])) == (2, 0, 0, 0)
    assert [label for _, _, label in truths(rows)] == [2, 1]


def test_unknown_samples_are_counted_and_the_first_few_named(
    client: FlaskClient, answered: list[int], rows: Rows
) -> None:
    unknown = list(range(5_000_000_000, 5_000_000_020))
    answer = tell(client, [*unknown, answered[0]], [0] * 21)
    assert told(answer) == (1, 0, 0, 20)
    assert answer.get_json()["first_unknown"] == unknown[:10]
    assert len(truths(rows)) == 1


def test_what_models_are_trained_on_is_not_changed_by_feedback(
    client: FlaskClient, answered: list[int], rows: Rows
) -> None:
    query = "SELECT sample_index, class FROM targets JOIN samples USING (sample_index) WHERE dataset_id = 1"
    before = rows(query)
    others = [(number, (label + 1) % 3) for number, label in before]
    answer = tell(client, [number for number, _ in others], [label for _, label in others])
    assert told(answer) == (0, 0, 0, len(before))
    assert sorted(rows(query)) == sorted(before)


@pytest.mark.parametrize(
    ("numbers", "target", "word"),
    [
        ([FIRST], [0, 1], "target"),
        ([FIRST], [0.5], "class"),
        ([FIRST], [1e30], "class"),
        ([FIRST], ["0"], "target"),
        ([-1], [0], "sample_index"),
        ([2**63], [0], "sample_index"),
        ([], [], "sample_index"),
    ],
)
def test_a_truth_that_cannot_be_is_refused(
    client: FlaskClient, answered: list[int], rows: Rows, *, numbers: list[int], target: list[Any], word: str
) -> None:
    answer = tell(client, numbers, target)
    assert answer.status_code == 400
    assert word in answer.get_json()["error"]
    assert truths(rows) == []


def test_the_query_names_the_use_case_unless_the_body_does(client: FlaskClient, answered: list[int]) -> None:
    body = {"sample_index": answered, "target": [0, 0, 0]}
    elsewhere = client.post("/root/ml/feedback?use_case=beer", json=body)
    assert elsewhere.status_code == 404
    assert "beer" in elsewhere.get_json()["error"]
    named = {**body, "use_case": "wine"}
    assert told(client.post("/root/ml/feedback?use_case=beer", json=named)) == (3, 0, 0, 0)
    unknown = client.post("/root/ml/feedback?use_cse=wine", json=body)
    assert unknown.status_code == 400
    assert "use_cse" in unknown.get_json()["error"]


def test_a_key_is_for_one_use_case_however_it_is_named(client: FlaskClient, answered: list[int]) -> None:
    body, key = {"sample_index": answered, "target": [0, 0, 0]}, {"Idempotency-Key": "truth-2"}
    first = client.post("/root/ml/feedback", json={**body, "use_case": "wine"}, headers=key)
    again = client.post("/root/ml/feedback?use_case=wine", json=body, headers=key)
    assert again.get_json() == first.get_json()
    assert client.post("/root/ml/feedback?use_case=beer", json=body, headers=key).status_code >= 400


def test_a_key_that_was_used_is_answered_the_same(client: FlaskClient, answered: list[int]) -> None:
    first = tell(client, answered, [0, 0, 0], Idempotency_Key="truth-1")
    again = tell(client, answered, [0, 0, 0], Idempotency_Key="truth-1")
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotent-Replayed"] == "true"


def test_many_truths_in_random_order_are_counted_once(
    client: FlaskClient, answered: list[int], rows: Rows, database_url: str
) -> None:
    count = 100_000
    numbers = make_samples(database_url, "wine", count)
    for expected in ((count, 0, 0, 0), (0, 0, count, 0)):
        assert told(tell(client, numbers, [1] * count)) == expected
    assert len(truths(rows)) == count


def test_rows_that_are_stored_meanwhile_are_counted_as_of_one_moment(
    client: FlaskClient, app: Flask, answered: list[int], rows: Rows, database_url: str
) -> None:
    """The truth waits for a lock on targets, between what it has read and what it writes."""
    waiting = predict(client, columns(WINE[:4]))["sample_index"]
    numbers = [*answered, *waiting]
    tell(client, answered[:1], [0])
    engine = create_engine(database_url)
    with ThreadPoolExecutor() as threads, engine.connect() as other:
        other.execute(text("LOCK TABLE wine.targets IN SHARE MODE"))
        telling = threads.submit(tell, client, numbers, [1] * 7, Idempotency_Key="race")
        wait_for_lock(rows)
        app.extensions["mlfleet-live"].store.flush()
        other.rollback()
        first = told(telling.result(30))
    engine.dispose()
    again = told(tell(client, numbers, [1] * 7))
    assert first[1] == 1
    assert min(first) >= 0
    assert sum(first) == sum(again) == 7
    assert (first, again) in [((2, 1, 0, 4), (4, 0, 3, 0)), ((6, 1, 0, 0), (0, 0, 7, 0))]


def wait_for_lock(rows: Rows) -> None:
    deadline = time.monotonic() + 20
    while rows("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_truths_wait_while_the_set_is_replaced(
    client: FlaskClient, answered: list[int], load: Load, rows: Rows, sessions: Sessions
) -> None:
    load("production")
    ((number,),) = rows("SELECT min(sample_index) FROM samples WHERE dataset_id = 3")
    with ThreadPoolExecutor() as threads, sessions() as replacing:
        lock_set(replacing, find_use_case(replacing, "wine"), "production", replacing=True)
        replacing.execute(text(f"DELETE FROM wine.samples WHERE sample_index = {number}"))  # noqa: S608
        telling = threads.submit(tell, client, [number, answered[0]], [1, 1])
        wait_for_lock(rows)
        replacing.commit()
        assert told(telling.result(30)) == (1, 0, 0, 1)


@pytest.mark.parametrize("wrong", [3, -1, 1.5, 2**31 - 1, 2**31, 1e300])
def test_a_class_that_there_is_not_is_refused_and_the_classes_are_named(
    client: FlaskClient, answered: list[int], rows: Rows, wrong: float
) -> None:
    answer = tell(client, answered, [0, wrong, 1])
    assert answer.status_code == 400
    assert f"sample_index {answered[1]} " in answer.get_json()["error"]
    assert "0, 1, 2" in answer.get_json()["message"]
    assert truths(rows) == []


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "1e400", "1" + "0" * 400, '"nan"', "null", "true"])
@pytest.mark.parametrize("use_case", ["wine", "fire_brigade"])
def test_a_truth_that_is_no_finite_number_is_refused(
    client: FlaskClient, answered: list[int], use_case: str, literal: str
) -> None:
    body = f'{{"use_case": "{use_case}", "sample_index": [{answered[0]}], "target": [{literal}]}}'
    assert client.post(FEEDBACK, data=body, content_type="application/json").status_code == 400
