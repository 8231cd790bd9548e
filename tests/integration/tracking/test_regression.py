"""An optimisation of a regression, from the training set to MLflow and on to ml_model."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pytest
import requests
from flask.testing import FlaskClient
from mlflow import MlflowClient
from sklearn.pipeline import Pipeline
from sqlalchemy import text
from tenacity import Retrying, stop_after_delay, wait_fixed

from fleet.catalogue import build_pipeline
from simulator.config.settings import SimulatorSettings
from simulator.persistence.repository.data_files import DataFiles
from simulator.persistence.repository.definitions import read_definitions
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases
from simulator.service.simulator import SimulatorService
from tests.callers import ALICE
from tests.conftest import Sessions, free_port
from tests.integration.tracking.conftest import EXPERIMENTS, MANAGEMENT, RUNS
from tests.made_up_fires import write_fires
from tests.mlflow_server import MlflowServer, mlflow_at
from tracking.persistence.model.search import TrainingSet
from tracking.persistence.repository.training_sets import TrainingSetRepository

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


def positions_pipeline(model: str, training: TrainingSet) -> Pipeline:
    """What ml_model fits: the catalogue's own, on categories as positions."""
    pipeline = build_pipeline(model, {}, classes=0, categories=training.categories)
    return pipeline.fit(training.features, training.target)


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("model", ["LinearRegression", "RandomForestRegressor"])
def test_the_recorded_model_takes_names_and_its_example_is_served(
    *,
    client: FlaskClient,
    name: str,
    model: str,
    mlflow_server: MlflowServer,
    sessions: Sessions,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    with sessions() as session:
        repository = TrainingSetRepository(session)
        fires = repository.find("fire_brigade")
        first = {"distance": float(repository.read(fires, actor="alice").features[0, 0])}
        # A number is missing then in the rows that the example is taken from.
        session.execute(
            text("UPDATE fire_brigade.samples SET distance = NULL WHERE distance = :distance"), first
        )
        session.commit()
        training = repository.read(fires, actor="alice")
    answer = optimise(client, name, models=[model], hyperparameters={model: {}})
    run_id = answer.json["data"]["run_ids"][model]
    with mlflow_at(mlflow_server.url):
        folder = Path(mlflow.artifacts.download_artifacts(f"runs:/{run_id}/model", dst_path=str(tmp_path)))
    stations = training.category_names[training.feature_names.index("station")]
    expected = positions_pipeline(model, training)

    example = (folder / "serving_input_example.json").read_text(encoding="utf-8")
    rows = json.loads(example, parse_constant=pytest.fail)["dataframe_split"]["data"]
    assert training.feature_names == ("distance", "station")
    assert None in [row[0] for row in rows]
    assert {row[1] for row in rows} <= {*stations}
    with serving(folder) as serve:
        assert serve(example) == pytest.approx(expected.predict(training.features[: len(rows)]), rel=1e-12)
        asked = [[1.5, stations[2]], [None, stations[0]], [2.0, None], [2.0, "no such station"], [0.5, ""]]
        known = np.array([[1.5, 2], [np.nan, 0], [2.0, np.nan], [2.0, np.nan], [0.5, np.nan]])
        split = {"columns": ["distance", "station"], "data": asked}
        answered = serve(json.dumps({"dataframe_split": split}))
        assert answered == pytest.approx(expected.predict(known), rel=1e-12)


@contextmanager
def serving(folder: Path) -> Iterator[Callable[[str], list[float]]]:
    """MLflow's own scoring server, without our code on its path: sends a body, gives the predictions."""
    port = free_port()
    program = (
        "import sys, uvicorn, mlflow.pyfunc\n"
        "from mlflow.pyfunc.scoring_server import init\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "assert not any(name.split('.')[0] in ('fleet', 'tracking', 'db') for name in sys.modules)\n"
        "uvicorn.run(init(model), port=int(sys.argv[2]), log_level='error')\n"
    )
    process = subprocess.Popen([sys.executable, "-I", "-c", program, str(folder), str(port)], cwd=folder)

    def serve(body: str) -> list[float]:
        address = f"http://127.0.0.1:{port}/invocations"
        answer = requests.post(address, body, headers={"Content-Type": "application/json"}, timeout=30)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["predictions"])

    try:
        attempts = Retrying(stop=stop_after_delay(60), wait=wait_fixed(0.2), reraise=True)
        attempts(requests.get, f"http://127.0.0.1:{port}/ping", timeout=5)
        yield serve
    finally:
        process.kill()
        process.wait()


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
