"""The log of a job's searches: whatever attempts there were, MLflow has each thing once."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.callers import ALICE
from tests.integration.tracking.searched import (
    GRIDS,
    REQUEST,
    ROWS,
    check_whole,
    lost,
)
from tracking.persistence.model.search import SavedSearch
from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError
from tracking.persistence.repository.search_log import (
    RecordedSearches,
    SearchLog,
)

LOGISTIC, SVC = GRIDS
ASKED = REQUEST, ROWS, ALICE


Begin = Callable[[], tuple[SearchLog, RecordedSearches]]


def attempt(begin: "Begin", job_id: str, found: list[SavedSearch]) -> RecordedSearches:
    log, recorded = begin()
    for search in found:
        log.finish(job_id, search)
    return recorded


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


def test_an_attempt_is_told_what_the_one_before_it_has_learned_from(
    begin: Begin, mlflow_client: MlflowClient, job_id: str
) -> None:
    log, recorded = begin()
    name = mlflow_client.get_experiment(recorded.experiment_id).name
    assert log.snapshot_of(job_id, name) == ROWS.snapshot_id == 7
    assert log.snapshot_of("another", name) is None
    assert log.snapshot_of(job_id, f"not {name}") is None


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
