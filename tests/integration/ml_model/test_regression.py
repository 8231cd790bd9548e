"""A regression with a category: set, trained, scored and stored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from sklearn.linear_model import LinearRegression
from sklearn.metrics import max_error, mean_absolute_error, r2_score, root_mean_squared_error

from db.sets import read_set
from db.use_cases import find_use_case
from fleet.catalogue import models_for
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Load, Rows
from tests.made_up_fires import write_fires

FIRE = {"use_case": "fire_brigade"}
REGRESSORS = models_for("regression")


@pytest.fixture
def load(database_url: str, tmp_path: Path) -> Load:
    """Loads sets through a simulator that has the fire brigade's file."""
    write_fires(tmp_path)
    settings = SimulatorSettings(database_url=SecretStr(database_url), data_dir=tmp_path)
    client = create_simulator(settings).test_client()

    def load_sets(*names: str, **fields: Any) -> None:
        for name in names or ("training", "testing", "production"):
            answer = client.post("/root/simulator", json={"set_name": name, **FIRE, **fields})
            assert answer.status_code == 200, answer.json

    return load_sets


def set_model(client: FlaskClient, model_name: str, **fields: Any) -> Any:
    return client.post("/root/ml/set_model", json={"model_name": model_name, **FIRE, **fields})


def score(client: FlaskClient, dataset: str) -> Any:
    answer = client.post("/root/ml", json={"dataset": dataset, **FIRE})
    assert answer.status_code == 200, answer.json
    return answer.json


@pytest.mark.parametrize("model_name", REGRESSORS)
def test_every_regressor_trains_and_scores(client: FlaskClient, load: Load, model_name: str) -> None:
    load()
    assert set_model(client, model_name).status_code == 200
    assert score(client, "training")["rows"] == 240
    testing = score(client, "testing")
    metrics = testing["metrics"]
    assert list(metrics) == ["mae", "rmse", "r2", "max_error"]
    assert testing["score"] == metrics["r2"] > 0.8
    assert 10 < metrics["mae"] < metrics["rmse"] < metrics["max_error"]
    assert testing["message"] == (f"Score on testing set: R² {metrics['r2']:.2f}, MAE {metrics['mae']:.1f}")


def test_predictions_and_metrics_are_those_of_scikit_learn(
    client: FlaskClient, load: Load, sessions: Sessions, rows: Rows
) -> None:
    load("training", "testing")
    set_model(client, "LinearRegression")
    score(client, "training")
    metrics = score(client, "testing")["metrics"]
    with sessions() as session:
        fire = find_use_case(session, "fire_brigade")
        training, testing = (read_set(session, fire, name) for name in ("training", "testing"))

    def encoded(features: np.ndarray) -> np.ndarray:
        stations = np.arange(len(fire.features[1].categories))
        return np.column_stack([features[:, 0], features[:, [1]] == stations])

    model = LinearRegression().fit(encoded(training.features), training.target)
    expected = model.predict(encoded(testing.features))
    stored = rows(
        "SELECT p.class, p.probability FROM fire_brigade.predictions p JOIN fire_brigade.samples s"
        " USING (sample_index) WHERE s.dataset_id = 2 ORDER BY s.sample_id"
    )
    np.testing.assert_allclose([number for number, _ in stored], expected, rtol=1e-9)
    assert {probability for _, probability in stored} == {None}
    target = testing.target
    assert metrics == pytest.approx(
        {
            "mae": mean_absolute_error(target, expected),
            "rmse": root_mean_squared_error(target, expected),
            "r2": r2_score(target, expected),
            "max_error": max_error(target, expected),
        }
    )


@pytest.mark.parametrize("model_name", REGRESSORS)
def test_heavy_fouling_visibly_hurts_every_regressor(
    client: FlaskClient, load: Load, model_name: str
) -> None:
    load("training")
    load("production", fouling="none")
    set_model(client, model_name)
    score(client, "training")
    clean = score(client, "production")["metrics"]
    load("production", fouling="heavy")
    fouled = score(client, "production")["metrics"]
    assert fouled["mae"] > 2 * clean["mae"]
    assert fouled["r2"] < clean["r2"] - 0.3


@pytest.mark.parametrize("model_name", ["SVC", "RandomForest", "XGBoost"])
def test_a_model_that_is_none_for_a_number_is_400_with_those_that_are(
    client: FlaskClient, model_name: str
) -> None:
    answer = set_model(client, model_name)
    assert answer.status_code == 400
    assert "'LinearRegression', 'Ridge', 'RandomForestRegressor' or" in answer.json["message"]


def test_a_regressor_is_none_for_wine(client: FlaskClient) -> None:
    answer = set_model(client, "Ridge", use_case="wine")
    assert (answer.status_code, answer.json["error"]) == (
        400,
        "Ridge is a model for regression, and the use case is a classification",
    )


def test_hyperparameters_are_tried_before_any_row_is_loaded(client: FlaskClient) -> None:
    assert set_model(client, "Ridge", hyperparameters={"alpha": 2}).status_code == 200
    answer = set_model(client, "Ridge", hyperparameters={"solver": "magic"})
    assert answer.status_code == 400
    assert "solver" in answer.json["error"]


def test_what_prometheus_is_told_of_a_regression_is_its_metrics(client: FlaskClient, load: Load) -> None:
    load("training")
    set_model(client, "LinearRegression")
    score(client, "training")
    told = client.get("/metrics").text
    assert 'mlfleet_last_score{metric="r2",set="training",use_case="fire_brigade"}' in told
