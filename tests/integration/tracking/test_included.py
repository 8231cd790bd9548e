"""A setting that a search includes, and what is told of a search, against a real MLflow and PostgreSQL."""

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient

from tests.integration.tracking.conftest import MANAGEMENT, Optimise

SETTING = {"C": 7.5, "kernel": "linear", "gamma": 0.5}


def candidates(client: MlflowClient, run_id: str, folder: Any) -> list[dict[str, Any]]:
    """The rows of the run's table."""
    path = Path(client.download_artifacts(run_id, "candidates.json", str(folder)))
    table = json.loads(path.read_text(encoding="utf-8"))
    return [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]


@pytest.fixture(autouse=True)
def _no_progress_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


@pytest.mark.parametrize("method", ["grid", "random", "halving", "optuna"])
def test_the_setting_is_tried_and_the_run_says_how_it_was_found(
    method: str, optimise: Optimise, mlflow_client: MlflowClient, tmp_path: Any
) -> None:
    is_grid = method == "grid"
    budget = None if is_grid else {"candidates": 3}
    asked: dict[str, Any] = {
        "method": method,
        "budget": budget,
        "hyperparameters": {"SVC": {}} if is_grid else None,
    }
    answer = optimise(models=["SVC"], include={"SVC": SETTING}, **asked)
    assert answer.status_code == 201, answer.get_json()
    data = answer.get_json()["data"]
    run_id = data["run_ids"][data["best_model"]]
    tried = candidates(mlflow_client, run_id, tmp_path)
    assert {name: tried[0][name] for name in SETTING} == SETTING
    fewest = min(each["rows"] for each in tried)
    assert len([each for each in tried if each["rows"] == fewest]) == (2 if is_grid else 4)
    tags = mlflow_client.get_run(run_id).data.tags
    assert tags["search_method"] == method
    assert json.loads(tags["search_include"]) == SETTING
    assert json.loads(tags.get("search_budget", "null")) == budget


def test_of_auto_the_setting_is_tried_and_the_best_model_is_the_challenger(
    optimise: Optimise, mlflow_client: MlflowClient, client: FlaskClient, tmp_path: Any
) -> None:
    asked = {"models": "auto", "method": "random", "budget": {"candidates": 1}, "hyperparameters": {}}
    answer = optimise(**asked, include={"SVC": SETTING})
    data = answer.get_json()["data"]
    best = data["run_ids"][data["best_model"]]
    assert mlflow_client.get_model_version_by_alias("wine", "challenger").run_id == best
    scores = {
        model: max(each["mean_score"] for each in candidates(mlflow_client, run_id, tmp_path / model))
        for model, run_id in data["run_ids"].items()
        if (tmp_path / model).mkdir() is None
    }
    assert scores[data["best_model"]] == max(scores.values())
    assert len(candidates(mlflow_client, data["run_ids"]["SVC"], tmp_path)) == 2
    assert len(candidates(mlflow_client, data["run_ids"]["LogisticRegression"], tmp_path)) == 1
    tags = mlflow_client.get_run(data["run_ids"]["LogisticRegression"]).data.tags
    assert (tags["search_method"], "search_include" in tags) == ("random", False)


def test_the_result_of_the_job_names_the_best_model(
    client: FlaskClient, training: int, small: dict[str, Any], name: str
) -> None:
    body = {**small, "experiment_name": name, "include": {"LogisticRegression": {"C": 3}}}
    waited = client.post(MANAGEMENT, json=body).get_json()["data"]
    assert waited["best_model"] == "LogisticRegression"
    job = client.get("/root/tracking/jobs").get_json()["data"][0]
    found = client.get(f"/root/tracking/jobs/{job['id']}").get_json()["result"]["data"]
    assert found == waited
    assert found["run_ids"][found["best_model"]]
    assert found["experiment_id"]


@pytest.mark.parametrize(
    ("include", "named"),
    [
        ({"RandomForest": {}}, "'include' names RandomForest, which is none of 'models'"),
        ({"LogisticRegression": {"depth": 1}}, "no hyperparameter 'depth'"),
        ({"LogisticRegression": {"C": "much"}}, "C='much'"),
        ({"LogisticRegression": {"C": [1]}}, "C=[1]"),
        ({"LogisticRegression": 3}, "'include.LogisticRegression'"),
        ([], "'include'"),
        (
            {"LogisticRegression": {"class_weight": {"0": [[[[1]]]]}}},
            "'include.LogisticRegression.class_weight'",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_400_and_says_where(include: Any, named: str, optimise: Optimise) -> None:
    answer = optimise(include=include)
    assert answer.status_code == 400
    assert named in answer.get_json()["error"]
