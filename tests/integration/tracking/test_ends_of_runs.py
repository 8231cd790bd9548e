"""How runs of a job end, and what they show."""

import re
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from db.definition import NAME
from fleet.catalogue import CATALOGUE
from tests.callers import ALICE
from tests.integration.tracking.searched import (
    GRIDS,
    REQUEST,
    ROWS,
    check_whole,
    lost,
    no_pictures,
    searches,
    versions,
)
from tracking.persistence.model.search import NewExperiment, SavedSearch
from tracking.persistence.repository.job_runs import settle
from tracking.persistence.repository.mlflow_connection import MlflowUnavailableError
from tracking.persistence.repository.search_log import (
    ExperimentDeletedError,
    RecordedSearches,
    RunDeletedError,
    SearchLog,
)
from tracking.persistence.repository.use_case_models import UseCaseModels

LOGISTIC, SVC = GRIDS
JOBS = 5
ASKED = REQUEST, ROWS, ALICE


Begin = Callable[[], tuple[SearchLog, RecordedSearches]]


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
    barrier = threading.Barrier(JOBS)

    def work(number: int) -> RecordedSearches:
        job_id, found = f"{name} {number}", searches(tmp_path / str(number))
        barrier.wait()
        log, recorded = begin(job_id)
        assert isinstance(recorded, RecordedSearches)
        log.finish(job_id, found[1])
        barrier.wait()
        log.challenge(job_id, use_case, SVC)
        return recorded

    with ThreadPoolExecutor(JOBS) as threads:
        made = list(threads.map(work, range(JOBS)))
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


def test_of_two_that_are_crowned_at_once_the_later_is_the_champion(
    *,
    begin: Callable[..., Any],
    mlflow_client: MlflowClient,
    job_id: str,
    found: list[SavedSearch],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_case, runs = f"u{job_id}", list[str]()
    for job in (job_id, f"{job_id} later"):
        log, recorded = begin(job)
        for search in found:
            log.finish(job, search)
        runs.append(recorded.run_ids[SVC])
    models, name = UseCaseModels(mlflow_client), mlflow_client.set_registered_model_alias
    others = [runs[0]]

    def overtaken(*told: str) -> None:
        if others:
            models.crown(use_case, others.pop(), 8)  # between the first one's tags and its alias
        name(*told)

    monkeypatch.setattr(mlflow_client, "set_registered_model_alias", overtaken)
    models.crown(use_case, runs[1], 7)
    champion = mlflow_client.get_model_version_by_alias(use_case, "champion")
    assert (champion.run_id, champion.tags["deployment_id"]) == (runs[0], "8")
    models.crown(use_case, runs[1], 9)
    assert mlflow_client.get_model_version_by_alias(use_case, "champion").run_id == runs[1]


def test_who_is_crowned_later_is_the_champion_whatever_the_clock_said_before(
    begin: Callable[..., Any], mlflow_client: MlflowClient, job_id: str, found: list[SavedSearch]
) -> None:
    log, recorded = begin()
    for search in found:
        log.finish(job_id, search)
    use_case, models, runs = f"u{job_id}", UseCaseModels(mlflow_client), recorded.run_ids
    models.crown(use_case, runs[LOGISTIC], 7)
    ahead = mlflow_client.get_model_version_by_alias(use_case, "champion").version
    for said in ("2126-01-31T12:00:05+00:00", "long ago"):
        mlflow_client.set_model_version_tag(use_case, ahead, "deployed_at", said)
        models.crown(use_case, runs[SVC], 8)
        assert mlflow_client.get_model_version_by_alias(use_case, "champion").run_id == runs[SVC]


def test_no_use_case_can_be_called_as_a_model_of_the_catalogue_is() -> None:
    """They would share one registered model."""
    assert not [name for name in CATALOGUE if re.match(NAME, name)]
