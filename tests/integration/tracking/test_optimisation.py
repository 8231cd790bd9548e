"""POST …/model_management with "optimization", against a real MLflow on a real PostgreSQL."""

import json
import threading
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from sklearn.datasets import load_wine

from tests.integration.tracking.conftest import EXPERIMENTS, MANAGEMENT, RUNS, Optimise
from tests.mlflow_server import MlflowServer, mlflow_at
from tests.wine_search import WINE_SEARCH

REQUEST: dict[str, Any] = {
    **WINE_SEARCH,
    "experiment_description": "All models on wine",
    "experiment_owner": "Ada",
}


@pytest.fixture
def done(client: FlaskClient, training: int, name: str) -> dict[str, Any]:
    """The answer's data of API.md's request, unscaled."""
    response = client.post(MANAGEMENT, json={**REQUEST, "experiment_name": name, "preprocessing": "none"})
    assert response.status_code == 201, response.get_json()
    assert response.get_json()["message"] == "Experiments retrieved successfully"
    data: dict[str, Any] = response.get_json()["data"]
    return data


def test_every_model_has_a_finished_run_under_the_experiment(
    done: dict[str, Any], name: str, mlflow_client: MlflowClient
) -> None:
    assert set(done["run_ids"]) == set(REQUEST["models"])
    experiment = mlflow_client.get_experiment_by_name(name)
    assert experiment.experiment_id == done["experiment_id"]
    assert experiment.tags["description"] == "All models on wine"
    assert experiment.tags["owner"] == "Ada"
    for model, run_id in done["run_ids"].items():
        run = mlflow_client.get_run(run_id)
        assert run.info.status == "FINISHED"
        assert run.info.run_name == f"{model} Grid_Search_Opt and CV_Performance"
        assert run.data.tags["model_type"] == model
        assert run.data.tags["experiment_type"] == "GridSearch_CrossValidation"
        assert run.data.tags["preprocessing"] == "none"
        assert run.data.tags["use_case"] == "wine"
        assert run.data.tags["model_format"] == "skops"


def test_the_run_holds_the_figures_of_the_reference(
    done: dict[str, Any], mlflow_client: MlflowClient
) -> None:
    run = mlflow_client.get_run(done["run_ids"]["LogisticRegression"])
    metrics = run.data.metrics
    assert metrics["model_accuracy"] == pytest.approx(0.924528, abs=5e-7)
    assert metrics["model_f1_score"] == pytest.approx(0.923742, abs=5e-7)
    assert metrics["model_precision"] == pytest.approx(0.925799, abs=5e-7)
    assert metrics["model_recall"] == pytest.approx(0.924528, abs=5e-7)
    assert metrics["system_execution_time"] > 0
    assert metrics["system_cpu_usage"] > 0
    assert run.data.params == {
        "model_C": "0.1",
        "model_solver": "liblinear",
        "data_samples": "106",
        "data_features": "13",
        "data_classes": "3",
        "grid_search_C": "[0.1, 1]",
        "grid_search_solver": "['liblinear']",
        "grid_search_scoring": "accuracy",
        "grid_search_cv_folds": "5",
    }


def test_the_models_load_and_predict_from_the_run_and_from_the_registry(
    done: dict[str, Any],
    mlflow_server: MlflowServer,
    mlflow_client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    rows, classes = load_wine(return_X_y=True, as_frame=True)
    rows.columns = [column.replace("/", "__") for column in rows.columns]
    for model, run_id in done["run_ids"].items():
        versions = mlflow_client.search_model_versions(f"name = '{model}' and run_id = '{run_id}'")
        for uri in (f"runs:/{run_id}/model", f"models:/{model}/{versions[0].version}"):
            with mlflow_at(mlflow_server.url):
                loaded = mlflow.pyfunc.load_model(uri)
                example = loaded.metadata.load_input_example(loaded.metadata.artifact_path)
            assert np.mean(loaded.predict(rows) == classes) > 0.85
            assert loaded.metadata.signature.inputs.input_names() == list(rows.columns)
            assert loaded.metadata.run_id == run_id
            assert isinstance(example, pd.DataFrame)


def test_scaling_is_the_default_and_helps(optimise: Optimise, client: FlaskClient) -> None:
    data = optimise(cv=5).get_json()["data"]
    body = {
        "experiment_id": data["experiment_id"],
        "run_id": data["run_ids"]["LogisticRegression"],
        "request_information": "metrics",
        "type": "model",
    }
    assert client.post(RUNS, json=body).get_json()["data"]["accuracy"] > 0.95


def test_an_existing_name_gets_more_runs(optimise: Optimise, client: FlaskClient) -> None:
    first = optimise().get_json()["data"]
    second = optimise().get_json()["data"]
    assert first["experiment_id"] == second["experiment_id"]
    listed = client.get(RUNS, query_string={"experiment_id": first["experiment_id"]}).get_json()["data"]
    assert {run["run_id"] for run in listed} == {*first["run_ids"].values(), *second["run_ids"].values()}


def test_a_deleted_experiments_name_is_a_conflict(optimise: Optimise, client: FlaskClient) -> None:
    experiment_id = optimise().get_json()["data"]["experiment_id"]
    assert client.delete(EXPERIMENTS, query_string={"experiment_id": experiment_id}).status_code == 200
    assert optimise().status_code == 409


def test_two_at_once_under_one_new_name_share_the_experiment(optimise: Optimise, client: FlaskClient) -> None:
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(optimise())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    (experiment_id,) = {answer.get_json()["data"]["experiment_id"] for answer in answers}
    runs = client.get(RUNS, query_string={"experiment_id": experiment_id}).get_json()["data"]
    assert len(runs) == 3


def test_a_grid_longer_than_a_parameter_is_kept_whole_beside_it(
    optimise: Optimise, mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    many = [round(0.01 + 1e-9 * number, 9) for number in range(600)]
    response = optimise(hyperparameters={"LogisticRegression": {"tol": many}})
    assert response.status_code == 201
    run_id = response.get_json()["data"]["run_ids"]["LogisticRegression"]
    text = mlflow_client.get_run(run_id).data.params["grid_search_tol"]
    assert text.startswith("[0.01, 0.010000001, ")
    assert text.endswith(" … (600 values, all of them in the artifact grid_search.json)")
    path = mlflow_client.download_artifacts(run_id, "grid_search.json", str(tmp_path))
    assert json.loads(Path(path).read_text(encoding="utf-8"))["tol"] == many
