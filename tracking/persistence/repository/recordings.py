"""What recordings have left in MLflow: runs, logged models and registered versions, found by the runs' tag.

A recording sets its runs to FINISHED last of all, when everything else is written. One that was interrupted
before has none that is FINISHED, and counts as failed; one that has some only lacks the rest of that step.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import RunStatus
from mlflow.exceptions import MlflowException

from fleet.mlflow_client import NOT_THERE, pages
from tracking.persistence.repository.mlflow_connection import translated

RECORDING_TAG = "recording"
FAILURE_TAG = "failure"
INTERRUPTED = "The service ended while it recorded this run"
PAGE_SIZE = 500
EXPERIMENTS_AT_ONCE = 100


class Recordings:
    """The traces of recordings in one MLflow server."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def remove(self, experiment_id: str, recording: str) -> None:
        """Delete its runs and models. Raises MlflowUnavailableError."""
        with translated():
            for run in self._runs([experiment_id], _of(recording)):
                self._delete_models(run)
                _unless_gone(self._client.delete_run, run.info.run_id)

    def unfinished(self) -> dict[str, str]:
        """Recordings that have a run still RUNNING, and their experiments. Raises MlflowUnavailableError."""
        with translated():
            found = pages(self._client.search_experiments, max_results=PAGE_SIZE)
            ids = [experiment.experiment_id for experiment in found]
            blocks = [ids[at : at + EXPERIMENTS_AT_ONCE] for at in range(0, len(ids), EXPERIMENTS_AT_ONCE)]
            filtered = f"attributes.status = 'RUNNING' and tags.{RECORDING_TAG} LIKE '%'"
            runs = [run for block in blocks for run in self._runs(block, filtered)]
        return {run.data.tags[RECORDING_TAG]: run.info.experiment_id for run in runs}

    def settle(self, experiment_id: str, recording: str) -> None:
        """Finish what lacks no more than that, fail what is not whole. Raises MlflowUnavailableError."""
        with translated():
            runs = list(self._runs([experiment_id], _of(recording)))
            finished = RunStatus.to_string(RunStatus.FINISHED)
            is_whole = any(run.info.status == finished for run in runs)
            for run in runs:
                if is_whole:
                    _unless_gone(self._client.set_terminated, run.info.run_id, finished, run.info.end_time)
                else:
                    self._fail(run)

    def _fail(self, run: Any) -> None:
        self._delete_models(run)
        _unless_gone(self._client.set_tag, run.info.run_id, FAILURE_TAG, INTERRUPTED)
        _unless_gone(self._client.set_terminated, run.info.run_id, RunStatus.to_string(RunStatus.FAILED))

    def _delete_models(self, run: Any) -> None:
        for version in self._client.search_model_versions(f"run_id = '{run.info.run_id}'"):
            _unless_gone(self._client.delete_model_version, version.name, version.version)
        filtered = f"source_run_id = '{run.info.run_id}'"
        for model in self._client.search_logged_models([run.info.experiment_id], filtered):
            _unless_gone(self._client.delete_logged_model, model.model_id)

    def _runs(self, experiment_ids: Sequence[str], filtered: str) -> Iterator[Any]:
        ids = list(experiment_ids)
        # Whole before any is changed: a page is found by its place among those that fit the filter.
        return iter(list(pages(self._client.search_runs, ids, filtered, max_results=PAGE_SIZE)))


def _of(recording: str) -> str:
    return f"tags.{RECORDING_TAG} = '{recording}'"


def _unless_gone(change: Callable[..., object], *arguments: Any) -> None:
    try:
        change(*arguments)
    except MlflowException as error:
        if error.error_code not in NOT_THERE:
            raise
