"""What live predictions may be asked with: the query, content types, fields of MLflow's clients."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.integration.ml_model.conftest import Load
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import NAMES, PREDICT, WINE, columns, predict


@pytest.fixture
def served(client: FlaskClient, load: Load) -> int:
    """The id of a live LogisticRegression."""
    load("training")
    return deploy(client, "LogisticRegression")


def test_the_query_names_the_use_case_unless_the_body_does(client: FlaskClient, served: int) -> None:
    answer = client.post(f"{PREDICT}?use_case=beer", json=columns(WINE[:1]))
    assert answer.status_code == 404
    assert "beer" in answer.get_json()["error"]
    assert predict(client, columns(WINE[:1], use_case="wine"), f"{PREDICT}?use_case=beer")
    unknown = client.post(f"{PREDICT}?use_cse=wine", json=columns(WINE[:1]))
    assert unknown.status_code == 400
    assert "use_cse" in unknown.get_json()["error"]


@pytest.mark.parametrize("name", ["", "Wine", "wine; drop"])
def test_what_is_no_name_of_a_use_case_is_refused(client: FlaskClient, served: int, name: str) -> None:
    answer = client.post(PREDICT, json=columns(WINE[:1], use_case=name))
    assert answer.status_code == 400
    assert "use_case" in answer.get_json()["error"]


def test_params_of_mlflows_clients_are_taken_where_mlflow_takes_them(
    client: FlaskClient, served: int
) -> None:
    gaps: list[list[Any]] = [WINE[0], [None, *WINE[1][1:]]]
    for rows in (list[list[Any]](WINE[:2]), gaps):
        body = {"dataframe_split": columns(rows), "params": {"temperature": 0.5}}
        assert client.post("/invocations", json=body).get_json() == {"predictions": [0, 0]}
        assert client.post(PREDICT, json=body).status_code == 400
    refused = client.post("/invocations", json={**body, "params": [1]})
    assert refused.status_code == 400
    assert "params" in refused.get_json()["error"]


def csv(lines: list[list[Any]]) -> str:
    return "\r\n".join(",".join("" if cell is None else str(cell) for cell in line) for line in lines)


def test_invocations_take_csv(client: FlaskClient, served: int) -> None:
    gaps: list[list[Any]] = [WINE[100], [None, *WINE[60][1:]]]
    text = csv([NAMES, *gaps])
    expected = predict(client, columns(gaps))["predictions"]
    answer = client.post("/invocations", data="\ufeff" + text, content_type="text/csv; charset=utf-8")
    assert answer.get_json() == {"predictions": expected}
    assert client.post(PREDICT, data=text, content_type="text/csv").status_code == 415


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ["columns"]),
        (csv([NAMES]).encode(), ["no rows"]),
        (csv([NAMES, ["x", *WINE[0][1:]]]).encode(), ["'alcohol' of row 0", "'x'"]),
        (csv([NAMES, ["1_0", *WINE[0][1:]]]).encode(), ["'alcohol' of row 0", "'1_0'"]),
        (csv([NAMES, ["inf", *WINE[0][1:]]]).encode(), ["'alcohol' of row 0", "finite"]),
        (csv([NAMES, WINE[0][:5]]).encode(), ["Row 0", "5 values"]),
        (csv([NAMES[1:], WINE[0][1:]]).encode(), ["'alcohol' is missing"]),
        (b"\xff\xfe", ["UTF-8"]),
        (b'"alcohol', ["CSV"]),
    ],
)
def test_csv_that_cannot_be_used_is_refused(
    client: FlaskClient, served: int, body: bytes, words: list[str]
) -> None:
    answer = client.post("/invocations", data=body, content_type="text/csv")
    assert answer.status_code == 400
    assert [word for word in words if word not in answer.get_json()["error"]] == [], answer.get_json()
