"""What live predictions may be asked with: the query, content types, fields of MLflow's clients."""

import pytest
from flask.testing import FlaskClient

from tests.integration.ml_model.conftest import Load
from tests.integration.ml_model.test_deployments import deploy
from tests.integration.ml_model.test_predictions import PREDICT, WINE, columns, predict


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
