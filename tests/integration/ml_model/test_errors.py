"""What ml_model answers to requests that are wrong, or come at the wrong moment."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text

from tests.integration.ml_model.conftest import Load, Rows

FORM = "application/x-www-form-urlencoded"
FORBIDDEN = ("Traceback", "sqlalchemy", "psycopg", "SELECT", "/ml_model/", "site-packages")


def check(answer: Any, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.json
    body = answer.json
    assert body["error"]
    assert body["message"]
    assert body["request_id"] == answer.headers["X-Request-ID"]
    for word in words:
        assert word in body["error"] + body["message"]
    assert not [word for word in FORBIDDEN if word in answer.text]


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"model_name": "Perceptron"}, "'RandomForest', 'SVC' or 'LogisticRegression'"),
        ({}, "model_name"),
        ({"model_name": 5}, "model_name"),
        ({"model_name": "SVC", "hyperparameters": [1]}, "hyperparameters"),
        ({"model_name": "SVC", "hyperparameters": {"D": 1}}, "'D'"),
        ({"model_name": "SVC", "hyperparameters": {"C": "x"}}, "'C'"),
        ({"model_name": "SVC", "hyperparameters": {"C": {"a": 1}}}, "C"),
        (
            {"model_name": "LogisticRegression", "hyperparameters": {"solver": "lbfgs", "penalty": "l1"}},
            "penalty",
        ),
        ({"model_name": "RandomForest", "hyperparameters": {"n_estimators": 1e9}}, "n_estimators"),
        ({"model_name": "SVC", "hyperparameters": {"C": 10**400}}, "C"),
        ({"model_name": "SVC", "hyperparameters": {"tol": 1e-320}}, "'tol'"),
        ({"model_name": "SVC", "preprocessing": "minmax"}, "preprocessing"),
        ({"model_name": "SVC", "colour": "red"}, "colour"),
        ({"model_name": "SVC", "hyperparameters": {"kernel": "a\0b"}}, "NUL"),
    ],
)
@pytest.mark.parametrize("training_loaded", [True, False])
def test_a_model_that_cannot_be_set_is_refused_and_leaves_no_trace(
    client: FlaskClient, load: Load, rows: Rows, *, body: dict[str, Any], word: str, training_loaded: bool
) -> None:
    if training_loaded:
        load("training")
    check(client.post("/root/ml/set_model", json=body), 400, word)
    assert rows("SELECT count(*) FROM deployments") == [(0,)]


@pytest.mark.parametrize("dataset", ["training", "testing", "production"])
def test_with_nothing_set_the_answer_says_what_to_call(client: FlaskClient, dataset: str) -> None:
    check(client.post("/root/ml", json={"dataset": dataset}), 409, "set_model")


def test_with_nothing_trained_the_answer_says_what_to_call(client: FlaskClient) -> None:
    client.post("/root/ml/set_model", json={"model_name": "SVC"})
    check(client.post("/root/ml", json={"dataset": "testing"}), 409, '{"dataset": "training"}')


@pytest.mark.parametrize("missing", ["training", "testing"])
def test_with_the_set_not_loaded_the_answer_says_what_to_call(
    client: FlaskClient, load: Load, missing: str
) -> None:
    client.post("/root/ml/set_model", json={"model_name": "SVC"})
    if missing == "testing":
        load("training")
        client.post("/root/ml", json={"dataset": "training"})
    check(client.post("/root/ml", json={"dataset": missing}), 409, missing, "/root/simulator")


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ({"json": {"dataset": "validation"}}, 400, "'training', 'testing' or 'production'"),
        ({"json": {"dataset": ["training"]}}, 400, "dataset"),
        ({"json": {}}, 400, "dataset"),
        ({"json": []}, 400, "object"),
        ({"data": '{"dataset":', "content_type": "application/json"}, 400, "JSON"),
        ({"data": "", "content_type": "application/json"}, 400, "empty"),
        ({"data": "<a/>", "content_type": "application/xml"}, 415, "application/xml"),
        ({"json": {"dataset": "training", "datset": "x"}}, 400, "datset"),
        ({"json": {"dataset": "training", "use_case": "beer"}}, 404, "beer"),
    ],
)
def test_a_wrong_request_is_refused(
    client: FlaskClient, arguments: dict[str, Any], status: int, word: str
) -> None:
    check(client.post("/root/ml", **arguments), status, word)


def test_an_unknown_use_case_is_not_found(client: FlaskClient) -> None:
    check(client.get("/root/ml?use_case=beer"), 404, "beer", "wine")
    check(client.post("/root/ml/set_model", json={"model_name": "SVC", "use_case": "beer"}), 404, "beer")


def test_a_number_beyond_doubles_is_refused(client: FlaskClient, rows: Rows) -> None:
    body = '{"model_name": "SVC", "hyperparameters": {"C": 1e999}}'
    answer = client.post("/root/ml/set_model", data=body, content_type="application/json")
    check(answer, 400, "number")
    assert rows("SELECT count(*) FROM deployments") == [(0,)]


def test_json_sent_as_a_form_is_explained(client: FlaskClient) -> None:
    check(client.post("/root/ml", data='{"dataset": "training"}', content_type=FORM), 400, "Content-Type")


def test_rows_that_no_model_can_be_fitted_on_are_not_blamed_on_hyperparameters(
    client: FlaskClient, load: Load, database_url: str
) -> None:
    load("training")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE samples SET hue = 'Infinity' WHERE sample_id = 1"))
    engine.dispose()
    answer = client.post("/root/ml/set_model", json={"model_name": "SVC", "hyperparameters": {"C": 1}})
    check(answer, 409, "training set", "infinity")


def test_a_training_set_of_one_class_is_a_conflict_and_recorded(
    client: FlaskClient, load: Load, rows: Rows, database_url: str
) -> None:
    load("training")
    client.post("/root/ml/set_model", json={"model_name": "LogisticRegression"})
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE targets SET class = 1"))
    engine.dispose()
    check(client.post("/root/ml", json={"dataset": "training"}), 409, "LogisticRegression", "class")
    assert rows("SELECT failure IS NOT NULL, trained_at IS NULL FROM deployments") == [(True, True)]
    assert rows("SELECT count(*) FROM activations") == [(0,)]
