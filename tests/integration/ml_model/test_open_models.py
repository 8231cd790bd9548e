"""Models that live requests keep open are bounded, and who is closed answers as before."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from ml_model.config.settings import MlModelSettings
from ml_model.service.training import InThisProcess
from ml_model.web.app import LIVE, create_app
from tests.integration.ml_model.conftest import KEY, Load
from tests.integration.ml_model.test_predictions import WINE

MODELS = 4


@pytest.fixture
def app(database_url: str, load: Load, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The app, with room for little more than one forest."""
    monkeypatch.setattr("ml_model.service.learning.MOST_REFERENCE_ROWS", 0)  # five times as many trees
    settings = MlModelSettings(
        database_url=SecretStr(database_url), artifact_key=SecretStr(KEY), live_models_mib=1
    )
    made = create_app(settings, trainer=InThisProcess())
    yield made
    made.extensions[LIVE].store.stop()


def test_closed_models_are_opened_again_and_say_the_same(app: Flask, load: Load) -> None:
    load("training")
    client, models = app.test_client(), app.extensions[LIVE].models
    numbers = []
    for seed in range(MODELS):
        chosen = {
            "model_name": "RandomForest",
            "hyperparameters": {"n_estimators": 1200, "random_state": seed},
        }
        numbers.append(client.post("/root/ml/set_model", json=chosen).get_json()["deployment_id"])
        assert client.post("/root/ml", json={"dataset": "training"}).status_code == 200
    for number in numbers[:-1]:
        given = client.post(f"/root/ml/deployments/{number}/role", json={"role": "canary", "share": 0.1})
        assert given.status_code == 200, given.get_json()
    live = models.find("wine")
    served = [live.active, *(canary for _, canary in live.canaries)]
    assert {each.deployment_id for each in served} == set(numbers)
    sizes = [each.predictor.size for each in served]
    assert sum(sizes) > 2**20 > max(sizes)

    def answers() -> list[Any]:
        found = []
        for number in numbers:
            body = {"inputs": [{"name": "features", "shape": [1, 13], "datatype": "FP64", "data": WINE[0]}]}
            answer = client.post(f"/v2/models/wine/versions/{number}/infer", json=body).get_json()
            found.append(answer["outputs"][:2])
            models.refresh()
            assert sum(each.predictor.size for each in served if each.predictor.is_open) <= 2**20
            assert models.named("wine", number).predictor.is_open
        return found

    assert not all(each.predictor.is_open for each in served)
    assert answers() == answers()
