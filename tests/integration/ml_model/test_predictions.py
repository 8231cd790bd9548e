"""Live predictions, and what is stored of them, over the service's own routes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sklearn.datasets import load_wine
from sqlalchemy import create_engine, text

from ml_model.web.app import LIVE
from tests.integration.ml_model.conftest import Load, Rows
from tests.integration.ml_model.test_deployments import deploy, give

PREDICT = "/root/ml/predict"
NAMES = [name.replace("/", "__") for name in load_wine().feature_names]
WINE: list[list[float]] = load_wine().data.tolist()

Flush = Callable[[], None]


@pytest.fixture
def flush(app: Flask) -> Flush:
    """Stores what waits."""
    flush: Flush = app.extensions[LIVE].store.flush
    return flush


@pytest.fixture
def served(client: FlaskClient, load: Load) -> int:
    """The id of a live LogisticRegression."""
    load("training", "testing")
    return deploy(client, "LogisticRegression")


def predict(client: FlaskClient, body: Any, path: str = PREDICT, **headers: str) -> Any:
    answer = client.post(path, json=body, headers={name.replace("_", "-"): headers[name] for name in headers})
    assert answer.status_code == 200, answer.json
    return answer.get_json()


def columns(rows: list[list[Any]], names: list[str] = NAMES, **more: Any) -> dict[str, Any]:
    return {"columns": names, "data": rows, **more}


def test_rows_are_answered_with_the_live_model(client: FlaskClient, served: int) -> None:
    answer = predict(client, columns(WINE[:3]))
    assert answer["predictions"] == [0, 0, 0]
    assert np.sum(answer["probabilities"], axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert (answer["deployment_id"], answer["model_name"]) == (served, "LogisticRegression")
    assert answer["sample_index"] == [1_000_000_000, 1_000_000_001, 1_000_000_002]


def test_live_answers_are_those_of_scoring(client: FlaskClient, served: int, rows: Rows) -> None:
    assert client.post("/root/ml", json={"dataset": "testing"}).status_code == 200
    stored: dict[int, int] = dict(
        rows(
            "SELECT sample_index, class FROM predictions JOIN samples USING (sample_index) "
            "WHERE dataset_id = 2"
        )
    )
    answer = predict(client, columns([WINE[index] for index in stored]))
    assert answer["predictions"] == list(stored.values())


def test_every_form_and_order_of_columns_gives_the_same_answer(client: FlaskClient, served: int) -> None:
    row = WINE[100]
    backwards = columns([row[::-1]], NAMES[::-1])
    record = dict(zip(NAMES[::-1], row[::-1], strict=True))
    bodies: list[dict[str, Any]] = [
        columns([row]),
        backwards,
        {"records": [record]},
        {"dataframe_split": {**columns([row]), "index": [0]}},
        {"dataframe_split": {"data": [row]}},
        {"dataframe_records": [record]},
        {"inputs": [row]},
        {"inputs": [record]},
        {"inputs": {name: [value] for name, value in record.items()}},
        {"instances": [row]},
    ]
    answers = [predict(client, body)["probabilities"] for body in bodies]
    assert all(answer == answers[0] for answer in answers)


def test_a_missing_value_is_imputed_as_in_training(client: FlaskClient, served: int, rows: Rows) -> None:
    averages = ", ".join(f"avg({name})" for name in NAMES)
    (means,) = rows(f"SELECT {averages} FROM samples WHERE dataset_id = 1")  # noqa: S608
    gaps = predict(client, columns([[None] * 13]))
    filled = predict(client, columns([list(means)]))
    assert gaps["probabilities"][0] == pytest.approx(filled["probabilities"][0], abs=1e-5)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (columns([WINE[0][:12]], NAMES[:12]), ["'proline'", "missing"]),
        (columns([WINE[0]], []), ["'alcohol'", "missing"]),
        (columns([[*WINE[0], 1]], [*NAMES, "colour"]), ["'colour'"]),
        (columns([[*WINE[0], 1]], [*NAMES, "hue"]), ["'hue'", "twice"]),
        (columns([WINE[0], ["x", *WINE[0][1:]]]), ["'alcohol'", "row 1", "'x'"]),
        (columns([["1.5", *WINE[0][1:]]]), ["'alcohol'", "row 0"]),
        (columns([[True, *WINE[0][1:]]]), ["'alcohol'", "row 0"]),
        (columns([[[1], *WINE[0][1:]]]), ["'alcohol'", "row 0", "list"]),
        (columns([WINE[0], WINE[0][:5]]), ["Row 1", "5 values"]),
        (columns([WINE[0], 5]), ["data"]),  # type: ignore[list-item]
        (columns([]), ["no rows"]),
        (columns([[1e300] * 13]), ["Row 0", "too large"]),
        ({"records": [dict(zip(NAMES[1:], WINE[0][1:], strict=True))]}, ["'alcohol'", "row 0"]),
        ({"records": [{**dict(zip(NAMES, WINE[0], strict=True)), "colour": 1}]}, ["'colour'", "row 0"]),
        ({"inputs": [WINE[0]], "instances": [WINE[0]]}, ["more than one form"]),
        ({"inputs": {"alcohol": [1], "hue": [1, 2]}}, ["equally long"]),
        ({"data": [WINE[0]]}, ["'columns'"]),
        ({}, ["no rows"]),
        ([], ["object"]),
        (columns([WINE[0]], colour="red"), ["colour"]),
    ],
)
def test_rows_that_cannot_be_used_are_named_by_column_and_row(
    client: FlaskClient, served: int, rows: Rows, *, body: Any, words: list[str]
) -> None:
    answer = client.post(PREDICT, json=body)
    assert answer.status_code == 400, answer.json
    assert [word for word in words if word not in answer.get_json()["error"]] == [], answer.get_json()
    assert answer.get_json()["request_id"]


def test_a_number_of_thousands_of_digits_is_refused_in_words_of_ours(
    client: FlaskClient, served: int
) -> None:
    body = f'{{"inputs": [[{"1" * 5000}]]}}'
    answer: Any = client.post(PREDICT, data=body, content_type="application/json")
    assert (answer.status_code, "too many digits" in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400", "1" + "0" * 400])
def test_what_is_no_finite_number_is_refused_by_column_and_row(
    client: FlaskClient, served: int, value: str
) -> None:
    row = ", ".join(["1"] * 12)
    names = ", ".join(f'"{name}"' for name in NAMES)
    body = f'{{"columns": [{names}], "data": [[{row}, {value}]]}}'
    answer = client.post(PREDICT, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert "'proline' of row 0" in answer.get_json()["error"]


def test_more_rows_than_are_answered_at_a_time_are_refused(client: FlaskClient, served: int) -> None:
    answer = client.post(PREDICT, json=columns([WINE[0]] * 10_001))
    assert answer.status_code == 400
    assert "10000" in answer.get_json()["error"]


def test_without_a_live_model_the_answer_says_what_to_call(client: FlaskClient) -> None:
    assert client.post(PREDICT, json=columns([WINE[0]])).status_code == 409
    unknown = client.post(PREDICT, json=columns([WINE[0]], use_case="beer"))
    assert (unknown.status_code, "wine" in unknown.get_json()["message"]) == (404, True)


def test_answered_rows_become_live_production_samples(
    client: FlaskClient, served: int, rows: Rows, flush: Flush
) -> None:
    answer = predict(client, columns([WINE[0], [None, *WINE[1][1:]]]))
    flush()
    stored = rows(
        "SELECT sample_index, origin, dataset_id, alcohol, created_at > now() - interval '1 minute' "
        "FROM samples WHERE origin = 'live' ORDER BY 1"
    )
    first, second = answer["sample_index"]
    assert stored == [(first, "live", 3, WINE[0][0], True), (second, "live", 3, None, True)]
    predicted = rows(
        'SELECT sample_index, "class", probability, deployment_id, predicted_at = created_at '
        "FROM predictions JOIN samples USING (sample_index) WHERE origin = 'live' ORDER BY 1"
    )
    assert predicted == [
        (index, label, pytest.approx(max(row)), served, True)
        for index, label, row in zip(
            answer["sample_index"], answer["predictions"], answer["probabilities"], strict=True
        )
    ]


def test_a_model_without_probabilities_says_none(
    client: FlaskClient, load: Load, flush: Flush, rows: Rows
) -> None:
    load("training")
    deploy(client, "SVC")
    answer = predict(client, columns(WINE[:2]))
    assert (answer["predictions"], answer["probabilities"]) == ([0, 0], None)
    flush()
    assert rows("SELECT count(*), count(probability) FROM predictions WHERE sample_index >= 1000000000") == [
        (2, 0)
    ]


def test_a_new_activation_serves_at_once_and_a_rollback_too(client: FlaskClient, served: int) -> None:
    other = deploy(client, "SVC")
    assert predict(client, columns(WINE[:1]))["deployment_id"] == other
    client.post("/root/ml/rollback", json={})
    assert predict(client, columns(WINE[:1]))["deployment_id"] == served


def test_a_canary_gets_its_share_and_a_key_always_the_same_model(client: FlaskClient, served: int) -> None:
    canary = served
    active = deploy(client, "SVC")
    give(client, canary, role="canary", share=0.25)
    asked = {f"customer-{number}": number % 2 for number in range(400)}
    first = {
        key: predict(
            client, columns(WINE[:1]), **({"X_Routing_Key": key} if by_header else {"X_Request_ID": key})
        )
        for key, by_header in asked.items()
    }
    again = {key: predict(client, columns(WINE[:1], routing_key=key)) for key in asked}
    told = {key: answer["deployment_id"] for key, answer in first.items()}
    assert told == {key: answer["deployment_id"] for key, answer in again.items()}
    assert set(told.values()) == {canary, active}
    assert 60 <= list(told.values()).count(canary) <= 140


def test_a_shadow_sees_the_traffic_and_is_never_returned(
    client: FlaskClient, served: int, rows: Rows, flush: Flush
) -> None:
    active = deploy(client, "SVC")
    give(client, served, role="shadow")
    answers = [predict(client, columns(WINE[start : start + 5])) for start in (0, 60, 140)]
    flush()
    assert {answer["deployment_id"] for answer in answers} == {active}
    told = rows(
        "SELECT deployment_id, count(*), count(probability) FROM predictions "
        "WHERE sample_index >= 1000000000 GROUP BY 1 ORDER BY 1"
    )
    assert told == [(served, 15, 15), (active, 15, 0)]


def test_while_the_database_is_away_answers_go_on_and_rows_wait(
    client: FlaskClient, app: Flask, served: int, database_url: str, rows: Rows
) -> None:
    predict(client, columns(WINE[:1]))
    store = app.extensions[LIVE].store
    store.flush()
    name = database_url.rpartition("/")[2]
    engine = create_engine(database_url.replace(name, "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        for _ in range(5):
            predict(client, columns(WINE[:2]))
        assert store.backlog == 10
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    engine.dispose()
    store.flush()
    assert store.backlog == 0
    assert rows("SELECT count(*) FROM samples WHERE origin = 'live'") == [(11,)]
