"""The log of a job's searches: whatever attempts there were, MLflow has each thing once."""

import json
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from db.definition import NAME
from fleet.catalogue import CATALOGUE
from tests.callers import ALICE
from tests.integration.tracking.conftest import EXPERIMENTS, RUNS
from tests.integration.tracking.searched import GRIDS, REQUEST, ROWS, no_pictures, searches
from tracking.config.settings import TrackingSettings
from tracking.persistence.model.search import NewExperiment, SavedSearch
from tracking.persistence.repository.job_runs import settle
from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError
from tracking.persistence.repository.search_log import (
    Drawn,
    ExperimentDeletedError,
    RecordedSearches,
    RunDeletedError,
    SearchLog,
)
from tracking.service.drawing import draw
from tracking.service.warm_up import WarmUp
from tracking.web.app import create_app

LOGISTIC, SVC = GRIDS
JOBS = 5
ASKED = REQUEST, ROWS, ALICE


@pytest.fixture
def job_id() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def found(tmp_path: Path) -> list[SavedSearch]:
    """What was searched: a model each of LOGISTIC and SVC."""
    return searches(tmp_path)


@pytest.fixture
def begin(mlflow_client: MlflowClient, job_id: str, name: str) -> Callable[..., tuple[SearchLog, Any]]:
    """Begins an attempt, which knows nothing of those before it."""

    def start(job: str = job_id) -> tuple[SearchLog, RecordedSearches]:
        log = SearchLog(mlflow_client, no_pictures)
        experiment = NewExperiment(name, {"owner": "Ada"})
        return log, log.begin(job, experiment, REQUEST, ROWS, ALICE)

    return start


Begin = Callable[[], tuple[SearchLog, RecordedSearches]]


def lost(client: MlflowClient, monkeypatch: pytest.MonkeyPatch, method: str, *, call: int) -> None:
    """Let this call (numbered from 1) of the client's method be done, and have no answer."""
    real = getattr(client, method)
    count = 0

    def lose(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        is_lost = count == call
        answer = real(*args, **kwargs)
        if not is_lost:
            return answer
        raise MlflowException("the connection was lost")

    monkeypatch.setattr(client, method, lose)


def attempt(begin: "Begin", job_id: str, found: list[SavedSearch]) -> RecordedSearches:
    log, recorded = begin()
    for search in found:
        log.finish(job_id, search)
    return recorded


def versions(client: MlflowClient, run_id: str) -> list[tuple[str, str]]:
    return [(each.name, each.source) for each in client.search_model_versions(f"run_id = '{run_id}'")]


def check_whole(client: MlflowClient, recorded: RecordedSearches, found: list[SavedSearch]) -> None:
    """Every search is in MLflow, once, and nothing else is."""
    runs = client.search_runs([recorded.experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
    assert {run.info.run_id for run in runs} == set(recorded.run_ids.values())
    models = client.search_logged_models([recorded.experiment_id])
    assert {(model.source_run_id, str(model.status)) for model in models} == {
        (run_id, "READY") for run_id in recorded.run_ids.values()
    }
    assert len(models) == len(found)
    for search in found:
        run = client.get_run(recorded.run_ids[search.model_name])
        assert run.info.status == "FINISHED"
        (model,) = [each for each in models if each.source_run_id == run.info.run_id]
        assert versions(client, run.info.run_id) == [(search.model_name, f"models:/{model.model_id}")]
        assert json.loads(run.data.tags["hyperparameters"]) == search.hyperparameters
        assert run.data.params["model_C"] == str(search.hyperparameters["C"])
        assert run.data.metrics["model_accuracy"] == search.metrics["accuracy"]
        assert len(client.get_metric_history(run.info.run_id, "system_execution_time")) == 1
        assert len(run.inputs.dataset_inputs) == 1


def test_runs_are_running_from_the_start_with_what_is_known(
    begin: Begin, mlflow_client: MlflowClient, job_id: str, name: str
) -> None:
    _, recorded = begin()
    assert mlflow_client.get_experiment(recorded.experiment_id).tags["owner"] == "Ada"
    run = mlflow_client.get_run(recorded.run_ids[LOGISTIC])
    assert run.info.status == "RUNNING"
    assert run.info.run_name == "LogisticRegression Grid_Search_Opt and CV_Performance"
    assert run.data.params == {
        "data_samples": "12",
        "data_features": "2",
        "data_classes": "3",
        "grid_search_C": "[0.1, 1.0]",
        "grid_search_scoring": "accuracy",
        "grid_search_cv_folds": "2",
    }
    told = ("job_id", "model_type", "preprocessing", "use_case", "snapshot_id", "mlflow.user")
    assert [run.data.tags[tag] for tag in told] == [
        *(job_id, "LogisticRegression", "standard_scaler", "wine", "7", "alice"),
    ]


def test_the_snapshot_is_the_runs_dataset(begin: Begin, mlflow_client: MlflowClient) -> None:
    _, recorded = begin()
    (given,) = mlflow_client.get_run(recorded.run_ids[SVC]).inputs.dataset_inputs
    assert {tag.key: tag.value for tag in given.tags} == {"mlflow.data.context": "training"}
    assert given.dataset.name == "wine snapshot 7"
    assert str(ROWS.snapshot_digest).startswith(given.dataset.digest)
    assert len(given.dataset.digest) == 36
    assert json.loads(given.dataset.source) == {
        "use_case": "wine",
        "snapshot_id": 7,
        "digest": ROWS.snapshot_digest,
    }
    assert json.loads(given.dataset.profile) == {"num_rows": 12, "num_features": 2}


def test_a_job_that_is_begun_again_has_the_same_runs_and_finished_ones_stay(
    begin: Begin, mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch]
) -> None:
    log, first = begin()
    log.finish(job_id, found[0])
    ended = mlflow_client.get_run(first.run_ids[LOGISTIC]).info.end_time
    log, second = begin()
    assert second == first
    for search in [*found, *found]:
        log.finish(job_id, search)
    check_whole(mlflow_client, first, found)
    assert mlflow_client.get_run(first.run_ids[LOGISTIC]).info.end_time == ended


STEPS = [
    *("create_experiment", "create_run", "log_inputs", "set_tag", "create_logged_model", "log_outputs"),
    *("log_model_artifacts", "finalize_logged_model", "create_model_version", "log_dict", "log_batch"),
    "set_terminated",
]


@pytest.mark.parametrize("step", STEPS)
def test_an_attempt_that_is_cut_off_anywhere_is_gone_on_from(
    *,
    step: str,
    begin: Begin,
    mlflow_client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    job_id: str,
    found: list[SavedSearch],
) -> None:
    with monkeypatch.context() as patched:
        lost(mlflow_client, patched, step, call=3 if step == "log_batch" else 1)
        with pytest.raises(MlflowUnavailableError):
            attempt(begin, job_id, found)
    recorded = attempt(begin, job_id, found)
    check_whole(mlflow_client, recorded, found)


@pytest.mark.parametrize("step", ["create_run", "create_logged_model", "create_model_version"])
def test_what_a_lost_answer_makes_twice_is_there_once(
    *,
    step: str,
    begin: Begin,
    mlflow_client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    job_id: str,
    found: list[SavedSearch],
) -> None:
    """MLflow's client asks once more by itself where it had no answer."""
    real = getattr(mlflow_client, step)

    def twice(*args: Any, **kwargs: Any) -> Any:
        real(*args, **kwargs)
        return real(*args, **kwargs)

    monkeypatch.setattr(mlflow_client, step, twice)
    log, recorded = begin()
    for search in found:
        log.finish(job_id, search)
    check_whole(mlflow_client, recorded, found)


def test_the_model_of_an_earlier_attempt_with_other_hyperparameters_is_replaced(
    *,
    begin: Begin,
    mlflow_client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    job_id: str,
    found: list[SavedSearch],
) -> None:
    """As where the first attempt had less time."""
    lesser = replace(found[0], hyperparameters={"C": 5.0})
    with monkeypatch.context() as patched:
        lost(mlflow_client, patched, "log_dict", call=1)
        log, _ = begin()
        with pytest.raises(MlflowUnavailableError):
            log.finish(job_id, lesser)
    log, recorded = begin()
    for search in found:
        log.finish(job_id, search)
    check_whole(mlflow_client, recorded, found)


def test_failed_and_cancelled_runs_say_why_and_have_no_model(
    *,
    begin: Begin,
    mlflow_client: MlflowClient,
    monkeypatch: pytest.MonkeyPatch,
    job_id: str,
    found: list[SavedSearch],
) -> None:
    log, recorded = begin()
    with monkeypatch.context() as patched:
        lost(mlflow_client, patched, "log_dict", call=1)
        with pytest.raises(MlflowUnavailableError):
            log.finish(job_id, found[0])
    log.fail(job_id, LOGISTIC, "SVC knows no kernel 'x'" + "!" * 9000)
    SearchLog(mlflow_client, no_pictures).end(job_id, "KILLED", "cancelled by alice")  # from another process
    log.end(job_id, "FAILED", "too late")
    failed, killed = (mlflow_client.get_run(recorded.run_ids[model]) for model in (LOGISTIC, SVC))
    assert (failed.info.status, killed.info.status) == ("FAILED", "KILLED")
    assert failed.data.tags["failure"].startswith("SVC knows no kernel 'x'!")
    assert killed.data.tags["failure"] == "cancelled by alice"
    assert failed.info.end_time
    assert not mlflow_client.search_logged_models([recorded.experiment_id])
    assert not versions(mlflow_client, failed.info.run_id)


def test_a_finished_run_stays_when_its_job_ends(
    begin: Begin, mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch]
) -> None:
    log, recorded = begin()
    log.finish(job_id, found[0])
    log.fail(job_id, LOGISTIC, "it did not")
    log.end(job_id, "KILLED", "cancelled")
    log.finish(job_id, found[1])  # a request that comes late
    states = {model: mlflow_client.get_run(run_id).info.status for model, run_id in recorded.run_ids.items()}
    assert states == {LOGISTIC: "FINISHED", SVC: "KILLED"}
    assert "failure" not in mlflow_client.get_run(recorded.run_ids[LOGISTIC]).data.tags


def test_a_failed_run_is_opened_again_by_the_next_attempt(
    begin: Begin, mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch]
) -> None:
    log, _ = begin()
    log.end(job_id, "FAILED", "the worker died")
    log, recorded = begin()
    run = mlflow_client.get_run(recorded.run_ids[LOGISTIC])
    assert (run.info.status, "failure" in run.data.tags) == ("RUNNING", False)
    for search in found:
        log.finish(job_id, search)
    check_whole(mlflow_client, recorded, found)


def test_jobs_at_once_share_an_experiment_and_all_are_recorded(
    *, mlflow_client: MlflowClient, name: str, begin: Callable[[str], Any], tmp_path: Path
) -> None:
    use_case = f"u{uuid.uuid4().hex}"
    made: list[RecordedSearches] = []
    barrier = threading.Barrier(JOBS)

    def work(number: int) -> None:
        job_id, found = f"{name} {number}", searches(tmp_path / str(number))
        barrier.wait()
        log, recorded = begin(job_id)
        log.finish(job_id, found[1])
        log.challenge(job_id, use_case, SVC)
        made.append(recorded)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(JOBS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == JOBS
    (experiment_id,) = {each.experiment_id for each in made}
    runs = mlflow_client.search_runs([experiment_id])
    assert sorted(run.info.status for run in runs) == ["FINISHED"] * JOBS + ["RUNNING"] * JOBS
    registered = mlflow_client.search_model_versions(f"name = '{use_case}'")
    assert {each.run_id for each in registered} == {each.run_ids[SVC] for each in made}
    assert mlflow_client.get_model_version_by_alias(use_case, "challenger").version == str(JOBS)


def test_a_deleted_experiment_or_run_is_a_conflict_that_says_so(
    begin: Begin, mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch], name: str
) -> None:
    log, recorded = begin()
    mlflow_client.delete_run(recorded.run_ids[LOGISTIC])
    with pytest.raises(RunDeletedError, match="LogisticRegression"):
        log.finish(job_id, found[0])
    mlflow_client.delete_experiment(recorded.experiment_id)
    for ask in (lambda: log.finish(job_id, found[1]), begin, lambda: log.check_name(name)):
        with pytest.raises(ExperimentDeletedError):
            ask()


def test_an_experiment_deleted_while_a_job_begins_is_a_conflict(
    begin: Begin, mlflow_client: MlflowClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    begin()
    real = mlflow_client.log_batch

    def delete_first(run_id: str, **kwargs: Any) -> Any:
        mlflow_client.delete_experiment(mlflow_client.get_run(run_id).info.experiment_id)
        return real(run_id, **kwargs)

    log = SearchLog(mlflow_client, no_pictures)
    monkeypatch.setattr(mlflow_client, "log_batch", delete_first)
    with pytest.raises(ExperimentDeletedError):
        log.begin(uuid.uuid4().hex, NewExperiment(name), REQUEST, ROWS, ALICE)


def test_runs_whose_job_is_not_at_work_are_settled_and_others_left_alone(
    *,
    begin: Callable[..., tuple[SearchLog, RecordedSearches]],
    mlflow_client: MlflowClient,
    job_id: str,
    found: list[SavedSearch],
    name: str,
) -> None:
    log, at_work = begin()
    _, gone = begin(f"{name} gone")
    log.finish(job_id, found[0])
    foreign = mlflow_client.create_run(at_work.experiment_id).info.run_id
    old = mlflow_client.create_run(at_work.experiment_id, tags={"recording": "x"}).info.run_id
    settle(mlflow_client, lambda job: job == job_id)
    states = {run.info.run_id: run.info.status for run in mlflow_client.search_runs([gone.experiment_id])}
    assert states[at_work.run_ids[LOGISTIC]] == "FINISHED"
    assert {states[at_work.run_ids[SVC]], states[foreign]} == {"RUNNING"}
    assert {states[run_id] for run_id in (*gone.run_ids.values(), old)} == {"FAILED"}
    assert "job ended" in mlflow_client.get_run(gone.run_ids[SVC]).data.tags["failure"]


def test_a_run_that_its_job_finishes_just_then_stays_finished(
    begin: Begin, mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch]
) -> None:
    log, recorded = begin()

    def ends(job: str) -> bool:
        """The job finishes after the runs were listed, and before it is asked for."""
        if job == job_id:
            for search in found:
                log.finish(job, search)
        return False

    settle(mlflow_client, ends)
    check_whole(mlflow_client, recorded, found)


def test_mlflow_away_is_told_by_every_step(job_id: str, name: str) -> None:
    away = MlflowClient("http://127.0.0.1:1", "http://127.0.0.1:1")
    log = SearchLog(away, no_pictures)
    for ask in (
        lambda: log.begin(job_id, NewExperiment(name), REQUEST, ROWS, ALICE),
        lambda: log.fail(job_id, SVC, "x"),
        lambda: log.end(job_id, "KILLED", "x"),
        lambda: log.challenge(job_id, "wine", SVC),
        lambda: settle(away, lambda _: True),
    ):
        with pytest.raises(MlflowUnavailableError):
            ask()


def test_the_best_challenges_the_champion_of_its_use_case_once(
    begin: Callable[..., Any], mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch], name: str
) -> None:
    use_case = f"u{job_id}"
    for job in (job_id, f"{job_id} later", job_id):  # an attempt of the first comes after all
        log, recorded = begin(job)
        log.challenge(job, use_case, SVC)  # it has not finished, or has challenged before
        for search in found:
            log.finish(job, search)
        for _ in range(2):
            log.challenge(job, use_case, SVC)
    registered = mlflow_client.search_model_versions(f"name = '{use_case}'")
    assert {each.version for each in registered} == {"1", "2"}
    challenger = mlflow_client.get_model_version_by_alias(use_case, "challenger")
    assert (challenger.version, challenger.tags.keys()) == ("2", {"challenged_at"})
    run = mlflow_client.get_run(recorded.run_ids[SVC])
    assert {each.version: each.run_id for each in registered}["1"] == run.info.run_id


def test_no_use_case_can_be_called_as_a_model_of_the_catalogue_is() -> None:
    """They would share one registered model."""
    assert not [name for name in CATALOGUE if re.match(NAME, name)]


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
    assert drawn == {f"pictures/{name}.png" for name in ("candidates", "confusion_matrix", "importances")}
    run = mlflow_client.get_run(run_id)
    assert "no probabilities" in run.data.tags["pictures_left_out"]
    assert json.loads(run.data.tags["mlflow.loggedArtifacts"]) == [
        {"path": "candidates.json", "type": "table"}
    ]
    path = mlflow_client.download_artifacts(run_id, "candidates.json", str(tmp_path))
    table = pd.read_json(path, orient="split")
    assert table["C"].tolist() == [0.1, 1.0]
    assert table["mean_score"].tolist() == [each.mean_score for each in found[0].candidates]


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
    warm_up: WarmUp,
    training: int,
    begin: Begin,
    job_id: str,
    found: list[SavedSearch],
) -> None:
    changes = {} if by_database else {"mlflow_database_url": None}
    client = create_app(settings.model_copy(update=changes), warm_up).test_client()
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
