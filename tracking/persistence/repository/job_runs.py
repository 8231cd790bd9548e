"""The runs of a job in MLflow, found by their tag: one a model, whoever asks and however often.

A job may be started again after it was cut off, and MLflow may do what it was asked without saying so. So
each step looks first at what is there, and takes away what a lost answer has made twice.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from mlflow import MlflowClient
from mlflow.entities import RunStatus

from fleet.mlflow_client import pages
from tracking.persistence.repository.mlflow_connection import translated, unless_gone
from tracking.persistence.repository.run_models import RunModels

log = logging.getLogger(__name__)

JOB_TAG = "job_id"
OLD_TAG = "recording"  # of runs from before there were jobs
MODEL_TAG = "model_type"
FAILURE_TAG = "failure"
LONGEST_REASON = 5000  # MLflow cuts a tag at 8000
RUNNING = RunStatus.to_string(RunStatus.RUNNING)
FINISHED = RunStatus.to_string(RunStatus.FINISHED)
ABANDONED = "Its job ended before the run did"
PAGE_SIZE = 500
EXPERIMENTS_AT_ONCE = 100

MAX_THREADS = 4

Ended = Literal["KILLED", "FAILED"]


@dataclass(frozen=True)
class NewRun:
    """What a run says of itself from the start; the job and the model are added to its tags."""

    model_name: str
    name: str
    tags: Mapping[str, str]


class JobRuns:
    """Runs of jobs in one MLflow server. Whatever MLflow's client raises comes through, but from `settle`."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._models = RunModels(client)

    def find(self, job_id: str, experiment_id: str | None = None) -> dict[str, Any]:
        """MLflow's runs of a job, by model name. experiment_id: where they are, if it is known."""
        return {model_name: runs[0] for model_name, runs in self._by_model(job_id, experiment_id).items()}

    def begin(self, job_id: str, experiment_id: str, wanted: Sequence[NewRun]) -> dict[str, Any]:
        """The job's runs by model name: made, or as they were left; those that failed are RUNNING again."""
        runs = self._by_model(job_id, experiment_id)
        missing = [each for each in wanted if each.model_name not in runs]
        if missing:
            # Side by side: it is waiting for the server that takes the time.
            with ThreadPoolExecutor(MAX_THREADS) as threads:
                list(threads.map(partial(self._create, job_id, experiment_id), missing))
            runs = self._by_model(job_id, experiment_id)
        for first, *others in runs.values():
            for other in others:
                unless_gone(self._client.delete_run, other.info.run_id)
            if first.info.status not in (RUNNING, FINISHED):
                self._client.update_run(first.info.run_id, status=RUNNING)
                unless_gone(self._client.delete_tag, first.info.run_id, FAILURE_TAG)
        return {model_name: found[0] for model_name, found in runs.items()}

    def end(self, run: Any, status: Ended, reason: str) -> None:
        """End a run that is RUNNING, without models, and say why."""
        if run.info.status != RUNNING:
            return
        self._models.remove(run)
        unless_gone(self._client.set_tag, run.info.run_id, FAILURE_TAG, reason[:LONGEST_REASON])
        unless_gone(self._client.set_terminated, run.info.run_id, status)

    def running(self) -> list[Any]:
        """Every RUNNING run that is of a job, or of a recording of before there were jobs."""
        return [
            run
            for tag in (JOB_TAG, OLD_TAG)
            for run in self._search(None, f"attributes.status = '{RUNNING}' and tags.{tag} LIKE '%'")
        ]

    def _create(self, job_id: str, experiment_id: str, new: NewRun) -> None:
        tags = {**new.tags, JOB_TAG: job_id, MODEL_TAG: new.model_name}
        self._client.create_run(experiment_id, run_name=new.name, tags=tags)

    def _by_model(self, job_id: str, experiment_id: str | None) -> dict[str, list[Any]]:
        """The first that was made first; whoever looks takes the same one for it."""
        by_model: dict[str, list[Any]] = {}
        found = self._search(experiment_id, f"tags.{JOB_TAG} = '{job_id}'")
        for run in sorted(found, key=lambda each: (each.info.start_time or 0, each.info.run_id)):
            by_model.setdefault(run.data.tags[MODEL_TAG], []).append(run)
        return by_model

    def _search(self, experiment_id: str | None, filtered: str) -> list[Any]:
        ids = [experiment_id] if experiment_id is not None else self._experiments()
        # Whole before any is changed: a page is found by its place among those that fit the filter.
        return [run for block in _blocks(ids) for run in self._pages(block, filtered)]

    def _pages(self, experiment_ids: Sequence[str], filtered: str) -> Iterator[Any]:
        return pages(self._client.search_runs, list(experiment_ids), filtered, max_results=PAGE_SIZE)

    def _experiments(self) -> list[str]:
        found = pages(self._client.search_experiments, max_results=PAGE_SIZE)
        return [experiment.experiment_id for experiment in found]


def settle(client: MlflowClient, at_work: Callable[[str], bool]) -> None:
    """End the runs that are RUNNING though their job is not. Raises MlflowUnavailableError.

    at_work: whether a job of that id is waiting, running, or to be started again; unknown ones are not.
    """
    runs = JobRuns(client)
    with translated():
        for run in runs.running():
            if at_work(run.data.tags.get(JOB_TAG, "")):
                continue
            # Looked at once more: it may have been the last thing that its job did.
            left = client.get_run(run.info.run_id)
            if left.info.status == RUNNING:
                log.warning("Run %s is RUNNING and its job is not: it counts as failed", left.info.run_id)
                runs.end(left, "FAILED", ABANDONED)


def _blocks(ids: list[str]) -> Iterator[list[str]]:
    return (ids[at : at + EXPERIMENTS_AT_ONCE] for at in range(0, len(ids), EXPERIMENTS_AT_ONCE))
