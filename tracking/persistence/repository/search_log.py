"""Records finished searches in MLflow: one experiment, one run and one registered model version each.

Either all of a request's searches are recorded, or none.
"""

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunStatus
from mlflow.exceptions import MlflowException

from fleet.caller import Caller
from fleet.errors import ConflictError
from fleet.mlflow_client import EXISTS, log_model, register
from tracking.persistence.model.search import NewExperiment, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository import run_contents
from tracking.persistence.repository.mlflow_connection import (
    MlflowInDoubtError,
    out_of_order,
    translated,
)
from tracking.persistence.repository.recordings import RECORDING_TAG, Recordings
from tracking.persistence.repository.undo import Undo

Held = Callable[[str], AbstractContextManager[Callable[[], None]]]

MAX_BATCH = 100
MAX_THREADS = 4


class ExperimentDeletedError(ConflictError):
    """MLflow keeps the names of deleted experiments."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The experiment '{name}' was deleted",
            "Use another experiment_name, or restore it in MLflow",
        )


@dataclass(frozen=True)
class RecordedSearches:
    """Where the searches were recorded. run_ids: by model name."""

    experiment_id: str
    run_ids: dict[str, str]


@dataclass(frozen=True)
class _Told:
    """What every run of one request says: what was asked, on which rows, by whom, and in which recording."""

    request: SearchRequest
    training: TrainingSet
    caller: Caller
    recording: str


class SearchLog:
    """Writes to one MLflow server, one request at a time: nobody joins an experiment that is taken back.

    held: says that a recording is being made, until the block ends, and checks whether it still says so.
    """

    def __init__(self, client: MlflowClient, held: Held) -> None:
        self._client = client
        self._held = held
        self._recordings = Recordings(client)
        self._one_at_a_time = threading.RLock()

    def check_name(self, name: str) -> None:
        """Raises ExperimentDeletedError if an experiment of that name was deleted."""
        self._find(name)

    def record(
        self,
        experiment: NewExperiment,
        request: SearchRequest,
        searches: Sequence[SavedSearch],
        training: TrainingSet,
        caller: Caller,
    ) -> RecordedSearches:
        """Record all of them or none, as the caller's.

        Raises ExperimentDeletedError, MlflowUnavailableError.
        """
        told = _Told(request, training, caller, uuid.uuid4().hex)
        with self._one_at_a_time, translated(), self._held(told.recording) as check_held, Undo() as undo:
            experiment_id = self._find(experiment.name) or self._create(experiment, undo)
            undo.add(lambda: self._recordings.remove(experiment_id, told.recording))
            try:
                # Side by side: it is waiting for the server that takes the time.
                with ThreadPoolExecutor(MAX_THREADS) as threads:
                    write = partial(self._record_one, experiment_id, told=told)
                    run_ids = list(threads.map(write, searches))
                    check_held()
                    list(threads.map(self._finish, run_ids))
            except MlflowException as error:
                if not out_of_order(error):
                    self._find(experiment.name)  # says so if it was deleted meanwhile
                raise
        models = [search.model_name for search in searches]
        return RecordedSearches(experiment_id, dict(zip(models, run_ids, strict=True)))

    def _find(self, name: str) -> str | None:
        with translated():
            found = self._client.get_experiment_by_name(name)
        if found is None:
            return None
        if found.lifecycle_stage == "deleted":
            raise ExperimentDeletedError(name)
        return str(found.experiment_id)

    def _create(self, experiment: NewExperiment, undo: Undo) -> str:
        try:
            with translated():
                made = str(self._client.create_experiment(experiment.name, tags=dict(experiment.tags)))
        except MlflowInDoubtError:
            found = self._find(experiment.name)
            if found is None:
                raise
            made = found
        except MlflowException as error:
            found = self._find(experiment.name) if error.error_code in EXISTS else None
            if found is None:
                raise
            return found  # another process was quicker: it is not ours to take back
        undo.add(lambda: self._remove_if_empty(made, experiment.name))
        return made

    def _remove_if_empty(self, experiment_id: str, name: str) -> None:
        with self._one_at_a_time:
            if self._client.search_runs([experiment_id], max_results=1):
                return  # somebody else's run has joined it
            # Renamed first: MLflow keeps the names of deleted experiments, and this one must stay free.
            # Cut, for the longest names fill MLflow's column.
            self._client.rename_experiment(experiment_id, f"{name[:200]} (failed, {experiment_id})")
            self._client.delete_experiment(experiment_id)

    def _record_one(self, experiment_id: str, search: SavedSearch, told: _Told) -> str:
        tags = run_contents.run_tags(search, told.request, told.training, told.caller)
        run = self._client.create_run(
            experiment_id,
            start_time=int(search.started_at.timestamp() * 1000),
            run_name=run_contents.run_name(search.model_name),
            tags={**tags, RECORDING_TAG: told.recording},
        )
        run_id = str(run.info.run_id)
        self._log_values(run_id, search, run_contents.run_params(search, told.request, told.training))
        model_id = log_model(self._client, experiment_id, run_id, search.folder, search.model_name)
        register(self._client, search.model_name, run_id, model_id)
        return run_id

    def _finish(self, run_id: str) -> None:
        self._client.set_terminated(run_id, RunStatus.to_string(RunStatus.FINISHED))

    def _log_values(self, run_id: str, search: SavedSearch, params: dict[str, str]) -> None:
        now = int(time.time() * 1000)
        metrics = [Metric(name, value, now, 0) for name, value in run_contents.run_metrics(search).items()]
        entries = [Param(name, value) for name, value in params.items()]
        self._client.log_batch(run_id, metrics=metrics, params=entries[:MAX_BATCH])
        for start in range(MAX_BATCH, len(entries), MAX_BATCH):
            self._client.log_batch(run_id, params=entries[start : start + MAX_BATCH])
        if run_contents.is_shortened(search.grid):
            grid: dict[str, Any] = {name: list(values) for name, values in search.grid.items()}
            self._client.log_dict(run_id, grid, run_contents.GRID_ARTIFACT)
