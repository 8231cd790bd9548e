"""What creates a model does so once for a key, whichever replica is asked."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import create_app
from tests.integration.ml_model.conftest import KEY, Load, Rows

SET = {"model_name": "LogisticRegression"}
TRAIN = {"dataset": "training"}


@pytest.fixture
def replica(database_url: str) -> FlaskClient:
    """Another ml_model on the same database."""
    settings = MlModelSettings(database_url=SecretStr(database_url), artifact_key=SecretStr(KEY))
    return create_app(settings, trainer=InThisProcess()).test_client()


def post(client: FlaskClient, path: str, body: dict[str, Any], key: str) -> TestResponse:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def test_a_model_is_set_and_trained_once_for_a_key(
    client: FlaskClient, replica: FlaskClient, load: Load, rows: Rows
) -> None:
    load("training")
    for path, body, key in (
        ("/root/ml/set_model", SET, "set"),
        ("/root/ml", TRAIN, "train"),
        ("/root/ml", TRAIN, "train-again"),
    ):
        first, again = post(client, path, body, key), post(replica, path, body, key)
        assert first.status_code == 200, first.get_json()
        assert again.get_json() == first.get_json()
        assert again.headers["Idempotent-Replayed"] == "true"
    assert rows("SELECT count(*) FROM deployments") == [(2,)]
    assert rows("SELECT count(*) FROM activations") == [(2,)]


def test_a_training_that_was_too_early_may_be_sent_again_with_its_key(
    client: FlaskClient, load: Load
) -> None:
    load("training")
    assert post(client, "/root/ml", TRAIN, "train").status_code == 409
    post(client, "/root/ml/set_model", SET, "set")
    assert post(client, "/root/ml", TRAIN, "train").status_code == 200


def test_the_other_name_of_the_route_is_the_same_route(client: FlaskClient, load: Load, rows: Rows) -> None:
    load("training")
    first = post(client, "/root/ml/set_model", SET, "set")
    again = post(client, "/root/model/set_model", SET, "set")
    assert first.get_json() == again.get_json()
    assert rows("SELECT count(*) FROM deployments") == [(1,)]
