"""…/experiments and …/runs, against a real MLflow."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient
from mlflow.entities import Metric

from tests.integration.tracking.conftest import EXPERIMENTS, RUNS, Optimise
from tracking.persistence.model.experiment import Wanted
from tracking.persistence.repository.mlflow_lists import MlflowLists


@pytest.fixture
def experiment_id(mlflow_client: MlflowClient, name: str) -> str:
    """An empty experiment that somebody else has made."""
    return str(mlflow_client.create_experiment(name))


def log_run(
    client: MlflowClient, experiment_id: str, *, status: str | None = "FINISHED", **metrics: float
) -> str:
    """A run that somebody else has logged; status None = still going."""
    run_id = str(client.create_run(experiment_id, run_name="foreign").info.run_id)
    now = int(time.time() * 1000)
    client.log_batch(run_id, metrics=[Metric(key, value, now, 0) for key, value in metrics.items()])
    if status is not None:
        client.set_terminated(run_id, status)
    return run_id


def ask(client: FlaskClient, experiment_id: str | int, what: str, **fields: Any) -> tuple[int, Any]:
    """POST …/experiments."""
    body = {"experiment_id": experiment_id, "request_information": what, **fields}
    response = client.post(EXPERIMENTS, json=body)
    return response.status_code, response.get_json()


def test_experiments_are_listed_with_their_number_of_runs(
    client: FlaskClient, optimise: Optimise, name: str, mlflow_client: MlflowClient
) -> None:
    experiment_id = optimise().get_json()["data"]["experiment_id"]
    log_run(mlflow_client, experiment_id, status=None)
    answer = client.get(EXPERIMENTS)
    assert answer.status_code == 200
    assert answer.get_json()["message"] == "Experiments retrieved successfully"
    entry = {"experiment_id": experiment_id, "name": name, "lifecycle_stage": "active", "run_count": 2}
    assert entry in answer.get_json()["data"]


def test_the_list_of_experiments_takes_no_arguments(client: FlaskClient) -> None:
    answer = client.get(EXPERIMENTS, query_string={"x": "1"})
    assert answer.status_code == 400
    assert "'x'" in answer.get_json()["error"]


def test_lists_are_paged_through_to_their_end(mlflow_client: MlflowClient, experiment_id: str) -> None:
    run_ids = {log_run(mlflow_client, experiment_id) for _ in range(7)}
    lists = MlflowLists(mlflow_client, page_size=3)
    assert {run.run_id for run in lists.runs(experiment_id, Wanted())} == run_ids
    assert lists.run_counts([experiment_id])[experiment_id] == 7
    others = [mlflow_client.create_experiment(f"page {time.time_ns()}") for _ in range(4)]
    assert set(others) <= {experiment.experiment_id for experiment in lists.experiments()}


def test_general_counts_runs_by_status_and_a_running_one_breaks_nothing(
    client: FlaskClient, experiment_id: str, mlflow_client: MlflowClient, name: str
) -> None:
    for status in ("FINISHED", "FINISHED", "FAILED", "KILLED", None):
        log_run(mlflow_client, experiment_id, status=status)
    code, body = ask(client, int(experiment_id), "general")
    assert code == 200
    assert body["message"] == "Information Retrieved"
    info, runs = body["data"]["experiment_info"], body["data"]["experiment_runs"]
    assert info["experiment_id"] == experiment_id
    assert info["experiment_name"] == name
    assert info["lifecycle_stage"] == "active"
    assert set(info) == {
        "experiment_id",
        "experiment_name",
        "artifact_location",
        "lifecycle_stage",
        "tags",
        "data_creation",
        "last_updated",
    }
    counts = ("number_of_runs", "completed_runs", "failed_runs", "active_runs", "stopped_runs")
    assert [runs[count] for count in counts] == [5, 2, 1, 1, 1]
    assert time.strptime(runs["first_run_completed"], "%Y-%m-%d %H:%M:%S")
    assert runs["first_run_completed"] <= runs["last_run_completed"]


def test_the_best_run_is_decided_by_the_first_metric_and_ties_by_the_next(
    client: FlaskClient, experiment_id: str, mlflow_client: MlflowClient
) -> None:
    log_run(mlflow_client, experiment_id, model_accuracy=0.8, system_execution_time=1)
    log_run(mlflow_client, experiment_id, model_accuracy=0.9, system_execution_time=9)
    best = log_run(mlflow_client, experiment_id, model_accuracy=0.9, system_execution_time=3)
    status, body = ask(
        client, experiment_id, "best_model", filter=["model_accuracy", "system_execution_time"]
    )
    assert status == 200
    assert body["message"] == "Best model and run retrieved successfully."
    assert body["data"] == {
        "run_id": best,
        "run_name": "foreign",
        "model": "Unknown Model Type",
        "metrics": {"model_accuracy": 0.9, "system_execution_time": 3},
    }


def test_statistics_are_over_the_runs_that_have_the_metric(
    client: FlaskClient, experiment_id: str, mlflow_client: MlflowClient
) -> None:
    for accuracy in (0.5, 0.7):
        log_run(mlflow_client, experiment_id, model_accuracy=accuracy)
    log_run(mlflow_client, experiment_id, status=None)
    status, body = ask(client, experiment_id, "statistics", filter=["model_accuracy"])
    assert status == 200
    assert body["message"] == "Statistics Retrieved"
    assert body["data"]["accuracy"]["mean"] == pytest.approx(0.6)


def test_an_experiment_without_runs_is_404(client: FlaskClient, experiment_id: str) -> None:
    assert ask(client, experiment_id, "general")[0] == 404
    assert client.get(RUNS, query_string={"experiment_id": experiment_id}).status_code == 404


@pytest.mark.parametrize("unknown", ["987654", "abc", "99999999999999999999", "-1", "1 OR 1=1"])
def test_an_experiment_that_does_not_exist_is_404(client: FlaskClient, unknown: str) -> None:
    assert ask(client, unknown, "general")[0] == 404
    assert client.get(RUNS, query_string={"experiment_id": unknown}).status_code == 404
    assert client.delete(EXPERIMENTS, query_string={"experiment_id": unknown}).status_code == 404


def test_an_experiment_is_deleted_once(client: FlaskClient, optimise: Optimise) -> None:
    experiment_id = optimise().get_json()["data"]["experiment_id"]
    deleted = client.delete(EXPERIMENTS, query_string={"experiment_id": experiment_id})
    assert deleted.status_code == 200
    assert deleted.get_json() == {"message": f"Experiment {experiment_id} deleted successfully."}
    assert client.delete(EXPERIMENTS, query_string={"experiment_id": experiment_id}).status_code == 404
    assert ask(client, experiment_id, "general")[0] == 404
    listed = client.get(EXPERIMENTS).get_json()["data"]
    assert experiment_id not in {entry["experiment_id"] for entry in listed}


def test_runs_are_listed_and_one_still_going_has_no_end(
    client: FlaskClient, optimise: Optimise, mlflow_client: MlflowClient
) -> None:
    data = optimise().get_json()["data"]
    going = log_run(mlflow_client, data["experiment_id"], status=None)
    answer = client.get(RUNS, query_string={"experiment_id": data["experiment_id"]})
    assert answer.status_code == 200
    assert answer.get_json()["message"] == "Experiment Runs Retrieved"
    runs = {run["run_id"]: run for run in answer.get_json()["data"]}
    mine = runs[data["run_ids"]["LogisticRegression"]]
    assert mine["status"] == "FINISHED"
    assert mine["start_time"] <= mine["end_time"]
    assert mine["run_name"] == "LogisticRegression Grid_Search_Opt and CV_Performance"
    assert mine["tags"] == {
        "model_type": "LogisticRegression",
        "experiment_type": "GridSearch_CrossValidation",
    }
    assert runs[going]["end_time"] is None
    assert runs[going]["status"] == "RUNNING"
    assert runs[going]["tags"] == {"model_type": "Unknown", "experiment_type": "Unknown"}


def test_parameters_and_metrics_come_without_their_prefix(client: FlaskClient, optimise: Optimise) -> None:
    data = optimise().get_json()["data"]
    ids = {"experiment_id": data["experiment_id"], "run_id": data["run_ids"]["LogisticRegression"]}

    def read(what: str, kind: str) -> Any:
        answer = client.post(RUNS, json={**ids, "request_information": what, "type": kind})
        assert answer.status_code == 200
        assert answer.get_json()["message"] == "Parameters Retrieved"
        return answer.get_json()["data"]

    assert read("parameters", "data") == {"classes": "3", "features": "13", "samples": "106"}
    assert set(read("parameters", "model")) == {"C", "solver"}
    assert read("parameters", "grid_search") == {
        "C": "[0.1, 1]",
        "solver": "['liblinear']",
        "scoring": "accuracy",
        "cv_folds": "2",
    }
    assert set(read("metrics", "model")) == {"accuracy", "f1_score", "precision", "recall"}
    assert set(read("metrics", "system")) == {"execution_time", "cpu_usage"}


def test_a_run_is_found_under_its_own_experiment_only_and_deleted_once(
    client: FlaskClient, optimise: Optimise, experiment_id: str
) -> None:
    data = optimise(experiment_name=f"own {time.time_ns()}").get_json()["data"]
    run_id = data["run_ids"]["LogisticRegression"]
    own = {"experiment_id": data["experiment_id"], "run_id": run_id}
    other = {"experiment_id": experiment_id, "run_id": run_id}
    metrics = {"request_information": "metrics", "type": "model"}
    assert client.post(RUNS, json={**other, **metrics}).status_code == 404
    assert client.delete(RUNS, query_string=other).status_code == 404
    deleted = client.delete(RUNS, query_string=own)
    assert deleted.status_code == 200
    assert deleted.get_json() == {"message": f"Run {run_id} deleted successfully."}
    assert client.delete(RUNS, query_string=own).status_code == 404
    assert client.post(RUNS, json={**own, **metrics}).status_code == 404


@pytest.mark.parametrize("unknown", ["0" * 32, "x'; DROP", "ä", "no/such"])
def test_a_run_that_does_not_exist_is_404(client: FlaskClient, experiment_id: str, unknown: str) -> None:
    query = {"experiment_id": experiment_id, "run_id": unknown}
    assert client.delete(RUNS, query_string=query).status_code == 404
    body = {**query, "request_information": "metrics", "type": "system"}
    assert client.post(RUNS, json=body).status_code == 404
