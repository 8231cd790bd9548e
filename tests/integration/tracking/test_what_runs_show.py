"""What runs show: tables, pictures, and themselves in lists while they go on."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient

from tests.callers import ALICE
from tests.integration.tracking.conftest import EXPERIMENTS, MANAGEMENT, RUNS
from tests.integration.tracking.searched import (
    GRIDS,
    REQUEST,
    ROWS,
    no_pictures,
)
from tracking.config.settings import TrackingSettings
from tracking.persistence.model.search import NewExperiment, SavedSearch
from tracking.persistence.repository.search_log import (
    Drawn,
    RecordedSearches,
    SearchLog,
)
from tracking.service.drawing import draw
from tracking.web.app import create_app

LOGISTIC, SVC = GRIDS
NAMES = ("candidates", "confusion_matrix", "roc", "calibration", "importances")
ASKED = REQUEST, ROWS, ALICE


Begin = Callable[[], tuple[SearchLog, RecordedSearches]]


def test_a_run_has_a_table_of_candidates_and_its_pictures(
    *,
    begin: Begin,
    mlflow_client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    job_id: str,
    found: list[SavedSearch],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    _, recorded = begin()
    log = SearchLog(mlflow_client, draw)
    log.begin(job_id, NewExperiment(mlflow_client.get_experiment(recorded.experiment_id).name), *ASKED)
    log.finish(job_id, found[0])
    run_id = recorded.run_ids[LOGISTIC]
    log.add_pictures(job_id, found[0])
    drawn = {each.path for each in mlflow_client.list_artifacts(run_id, "pictures")}
    assert drawn == {f"pictures/{name}.png" for name in NAMES}
    run = mlflow_client.get_run(run_id)
    assert "pictures_left_out" not in run.data.tags
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "candidates.json", "type": "table"}
    ]
    path = mlflow_client.download_artifacts(run_id, "candidates.json", str(tmp_path))
    written = pd.read_json(path, orient="split")
    assert written["C"].tolist() == [0.1, 1.0]
    assert written["mean_score"].tolist() == pytest.approx([each.mean_score for each in found[0].candidates])


def test_pictures_that_fail_fail_nothing(
    mlflow_client: MlflowClient,
    job_id: str,
    name: str,
    caplog: pytest.LogCaptureFixture,
    found: list[SavedSearch],
) -> None:
    def fail(*_: object) -> Drawn:
        raise ValueError("no ink")

    log = SearchLog(mlflow_client, fail)
    recorded = log.begin(job_id, NewExperiment(name), *ASKED)
    log.add_pictures(job_id, found[0])
    assert f"Run {recorded.run_ids[LOGISTIC]} has no pictures" in caplog.text


@pytest.mark.parametrize("by_database", [True, False])
def test_runs_that_go_on_are_counted_and_break_no_list(
    *,
    by_database: bool,
    settings: TrackingSettings,
    training: int,
    begin: Begin,
    job_id: str,
    found: list[SavedSearch],
) -> None:
    changes = {} if by_database else {"mlflow_database_url": None}
    client = create_app(settings.model_copy(update=changes)).test_client()
    assert training
    log, recorded = begin()
    ask = {"experiment_id": recorded.experiment_id}
    general = client.post(EXPERIMENTS, json={**ask, "request_information": "general"}).get_json()["data"]
    assert general["experiment_runs"] == {
        "number_of_runs": 2,
        "active_runs": 2,
        "completed_runs": 0,
        "failed_runs": 0,
        "stopped_runs": 0,
        "first_run_completed": None,
        "last_run_completed": None,
    }
    best = {**ask, "request_information": "best_model", "filter": ["model_accuracy"]}
    statistics = {**ask, "request_information": "statistics"}
    assert client.post(EXPERIMENTS, json=best).status_code == 404
    assert client.post(EXPERIMENTS, json=statistics).get_json()["data"] == {}
    log.finish(job_id, found[1])
    assert client.post(EXPERIMENTS, json=best).get_json()["data"]["run_id"] == recorded.run_ids[SVC]
    assert client.post(EXPERIMENTS, json=statistics).get_json()["data"]["accuracy"]["min"] > 0
    runs = client.get(RUNS, query_string=ask).get_json()["data"]
    ended = {run["run_id"]: (run["status"], run["end_time"] is None) for run in runs}
    assert ended == {
        recorded.run_ids[SVC]: ("FINISHED", False),
        recorded.run_ids[LOGISTIC]: ("RUNNING", True),
    }
    listed = {each["experiment_id"]: each["run_count"] for each in client.get(EXPERIMENTS).get_json()["data"]}
    assert listed[recorded.experiment_id] == 2
    board = client.get("/root/tracking/leaderboard", query_string={"limit": 500}).get_json()["data"]["runs"]
    ranked = {run["run_id"] for run in board}
    assert (recorded.run_ids[SVC] in ranked, recorded.run_ids[LOGISTIC] in ranked) == (True, False)
    asked = [("run_id", run_id) for run_id in recorded.run_ids.values()]
    assert client.get("/root/tracking/compare", query_string=asked).status_code == 200


def test_a_run_that_is_going_on_is_no_model_yet(
    client: FlaskClient, mlflow_client: MlflowClient, name: str
) -> None:
    log = SearchLog(mlflow_client, no_pictures)
    recorded = log.begin(name, NewExperiment(name), REQUEST, ROWS, ALICE)
    body = {"request_information": "setting", "run_id": recorded.run_ids["SVC"]}
    answer = client.post(MANAGEMENT, json=body)
    assert (answer.status_code, "RUNNING" in answer.get_json()["error"]) == (409, True)
