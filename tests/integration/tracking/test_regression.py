"""An optimisation of a regression, from the training set to MLflow and on to ml_model."""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient

from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.simulator import SimulatorService
from tests.callers import ALICE
from tests.conftest import Sessions
from tests.integration.tracking.conftest import EXPERIMENTS, MANAGEMENT, RUNS
from tests.made_up_fires import write_fires
from tests.mlflow_server import MlflowServer, mlflow_at

GRIDS: dict[str, Any] = {
    "LinearRegression": {},
    "Ridge": {"alpha": [0.1, 1]},
    "RandomForestRegressor": {"n_estimators": [5]},
    "GradientBoostingRegressor": {"n_estimators": [20], "max_depth": [2]},
}


@pytest.fixture
def loaded(sessions: Sessions, tmp_path: Path) -> None:
    """The training set of fire_brigade."""
    write_fires(tmp_path)
    known = KnownUseCases(read_definitions(SimulatorSettings().use_cases_dir), DataFiles(tmp_path))
    service = SimulatorService(known, lambda: SimulatorUnitOfWork(sessions))
    assert service.load("training", "fire_brigade", caller=ALICE) == 240


def optimise(client: FlaskClient, name: str, **changes: Any) -> Any:
    body = {
        "request_information": "optimization",
        "use_case": "fire_brigade",
        "models": [*GRIDS],
        "hyperparameters": GRIDS,
        "experiment_name": name,
        **changes,
    }
    return client.post(MANAGEMENT, json=body)


@pytest.mark.usefixtures("loaded")
def test_every_regressor_is_searched_recorded_and_compared(
    client: FlaskClient, name: str, mlflow_client: MlflowClient
) -> None:
    answer = optimise(client, name)
    assert answer.status_code == 201, answer.json
    experiment, run_ids = answer.json["data"]["experiment_id"], answer.json["data"]["run_ids"]
    assert set(run_ids) == set(GRIDS)
    run = mlflow_client.get_run(run_ids["Ridge"])
    assert run.data.params["grid_search_scoring"] == "neg_mean_absolute_error"
    assert {key for key in run.data.params if key.startswith("data_")} == {"data_samples", "data_features"}
    metrics = {key for key in run.data.metrics if key.startswith("model_")}
    assert metrics == {"model_mae", "model_rmse", "model_r2", "model_max_error"}
    assert (run.data.tags["use_case"], run.data.tags["model_format"]) == ("fire_brigade", "skops")

    asked = {"experiment_id": experiment, "request_information": "best_model", "filter": ["model_mae"]}
    best = client.post(EXPERIMENTS, json=asked).json["data"]  # type: ignore[index]
    errors = {
        model: mlflow_client.get_run(run_id).data.metrics["model_mae"] for model, run_id in run_ids.items()
    }
    assert best["model"] == min(errors, key=errors.__getitem__)
    asked = {"experiment_id": experiment, "request_information": "statistics"}
    statistics = client.post(EXPERIMENTS, json=asked).json["data"]  # type: ignore[index]
    assert list(statistics) == ["duration", "mae", "rmse", "r2", "max_error"]
    asked = {"experiment_id": experiment, "run_id": run_ids["Ridge"], "request_information": "metrics"}
    told = client.post(RUNS, json={**asked, "type": "model"}).json["data"]  # type: ignore[index]
    assert set(told) == {"mae", "rmse", "r2", "max_error"}


@pytest.mark.usefixtures("loaded")
def test_the_recorded_model_can_be_loaded_and_takes_positions(
    client: FlaskClient, name: str, mlflow_server: MlflowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    answer = optimise(client, name, models=["LinearRegression"]).json
    run_id = answer["data"]["run_ids"]["LinearRegression"]
    with mlflow_at(mlflow_server.url):
        model = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    frame = pd.DataFrame({"distance": [1.0, 1.0], "station": [0.0, np.nan]})
    assert np.isfinite(model.predict(frame)).all()


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"scoring": "accuracy"}, "neg_root_mean_squared_error"),
        ({"models": ["SVC"], "hyperparameters": {"SVC": {}}}, "'LinearRegression'"),
        ({"cv": 121}, "from 2 to 120"),
    ],
)
def test_what_does_not_fit_a_regression_is_400_that_names_what_does(
    client: FlaskClient, name: str, changes: dict[str, Any], named: str
) -> None:
    answer = optimise(client, name, **changes)
    assert (answer.status_code, named in answer.json["message"]) == (400, True), answer.json
