"""Records the searches of a job in MLflow: one experiment, one run and one registered model version a model.

A job may be started again after it was cut off anywhere. Every step here may be asked for again: it finds by
the job's id what an earlier attempt has left, goes on from there, and makes nothing twice.
"""

import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from fleet.caller import Caller
from fleet.errors import ConflictError
from fleet.mlflow_client import EXISTS
from tracking.persistence.model.search import NewExperiment, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository import run_contents
from tracking.persistence.repository.candidates_table import TABLE_ARTIFACT, TABLE_TAG, candidates_table
from tracking.persistence.repository.dataset_inputs import dataset_inputs
from tracking.persistence.repository.job_runs import FINISHED, RUNNING, Ended, JobRuns, NewRun
from tracking.persistence.repository.mlflow_connection import (
    MlflowInDoubtError,
    again_if_refused,
    out_of_order,
    translated,
)
from tracking.persistence.repository.run_models import RunModels
from tracking.persistence.repository.use_case_models import UseCaseModels

log = logging.getLogger(__name__)

MAX_BATCH = 100
PICTURES = "pictures"
LEFT_OUT_TAG = "pictures_left_out"


class ExperimentDeletedError(ConflictError):
    """MLflow keeps the names of deleted experiments."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The experiment '{name}' was deleted",
            "Use another experiment_name, or restore it in MLflow",
        )


class RunDeletedError(ConflictError):
    """Somebody deleted a run whose search was going on."""

    def __init__(self, model_name: str) -> None:
        super().__init__(
            f"The run of {model_name} was deleted while it was searched",
            "Send the request again if you want it after all",
        )


@dataclass(frozen=True)
class RecordedSearches:
    """Where the searches are recorded. run_ids: by model name."""

    experiment_id: str
    run_ids: dict[str, str]


@dataclass(frozen=True)
class Drawn:
    """Pictures of a search: PNG files by name, and by name of those that there are not, why."""

    pictures: Mapping[str, bytes]
    left_out: Mapping[str, str]


Draw = Callable[[SavedSearch, SearchRequest, TrainingSet], Drawn]


@dataclass(frozen=True)
class _Begun:
    """What this process has begun: a job's experiment and runs, and what its pictures need."""

    experiment: NewExperiment
    recorded: RecordedSearches
    request: SearchRequest
    training: TrainingSet


class SearchLog:
    """Writes to one MLflow server, from any thread. draw: makes the pictures of a search.

    A job is begun by each process that records for it; ended or failed by any. All raise
    MlflowUnavailableError.
    """

    def __init__(self, client: MlflowClient, draw: Draw) -> None:
        self._client = client
        self._draw = draw
        self._runs = JobRuns(client)
        self._models = RunModels(client)
        self._use_cases = UseCaseModels(client)
        self._begun: dict[str, _Begun] = {}

    def check_name(self, name: str) -> None:
        """Raises ExperimentDeletedError if an experiment of that name was deleted."""
        self._find(name)

    def snapshot_of(self, job_id: str, name: str) -> int | None:
        """What an earlier attempt of the job has learned from, in the experiment of that name; None if there
        was none, or its rows are not remembered.
        """
        experiment_id = self._find(name)
        if experiment_id is None:
            return None
        with translated():
            runs = self._runs.find(job_id, experiment_id)
        told = [run.data.tags.get(run_contents.SNAPSHOT_TAG) for run in runs.values()]
        return next((int(each) for each in told if each is not None), None)

    def begin(
        self,
        job_id: str,
        experiment: NewExperiment,
        request: SearchRequest,
        training: TrainingSet,
        caller: Caller,
    ) -> RecordedSearches:
        """The experiment, and one RUNNING run a model with all that is known of it: the same ones each time.

        A run that an earlier attempt has finished stays so. Raises ExperimentDeletedError.
        """
        tags = run_contents.first_tags(request, training, caller)
        wanted = [
            NewRun(model, run_contents.run_name(model), tags | run_contents.search_tags(model, request))
            for model in request.models
        ]
        with translated(), self._unless_deleted(experiment.name):
            experiment_id = self._find(experiment.name) or self._create(experiment)
            runs = self._runs.begin(job_id, experiment_id, wanted)
            for model_name, run in runs.items():
                if run.info.status != FINISHED:
                    grid = request.grids.get(model_name, {})
                    self._log(run, run_contents.first_params(grid, request, training))
                    self._log_dataset(run, training)
        run_ids = {model: str(runs[model].info.run_id) for model in request.models}
        recorded = RecordedSearches(experiment_id, run_ids)
        self._begun[job_id] = _Begun(experiment, recorded, request, training)
        return recorded

    def finish(self, job_id: str, search: SavedSearch) -> None:
        """Write down what was found, register the model, and set its run to FINISHED last of all.

        Nothing is done unless the run is RUNNING. Raises ExperimentDeletedError, RunDeletedError.
        """
        begun = self._begun[job_id]
        with translated(), self._unless_deleted(begun.experiment.name):
            run = self._client.get_run(begun.recorded.run_ids[search.model_name])
            if run.info.lifecycle_stage == "deleted":
                self._find(begun.experiment.name)  # which says so if it was deleted with all its runs
                raise RunDeletedError(search.model_name)
            if run.info.status != RUNNING:
                return
            self._commit_to(run, search)
            model_id = self._models.log_once(run, search)
            self._models.register_once(search.model_name, run, model_id)
            self._log_outcome(run, search)
            self._client.set_terminated(run.info.run_id, FINISHED)

    def fail(self, job_id: str, model_name: str, reason: str) -> None:
        """Set the model's run to FAILED, with the reason as a tag; only if it is RUNNING."""
        with translated():
            run = self._find_runs(job_id).get(model_name)
            if run is not None:
                self._runs.end(run, "FAILED", reason)

    def end(self, job_id: str, status: Ended, reason: str) -> None:
        """End every run of the job that is RUNNING, with the reason as a tag."""
        with translated():
            for run in self._find_runs(job_id).values():
                self._runs.end(run, status, reason)

    def challenge(self, job_id: str, use_case: str, best: str) -> None:
        """The best model's run becomes a version of the use case's registered model, and its challenger."""
        with translated():
            run = self._find_runs(job_id).get(best)
        if run is not None and run.info.status == FINISHED:
            self._use_cases.challenge(use_case, run.info.run_id)

    def add_pictures(self, job_id: str, search: SavedSearch) -> None:
        """Draw the search and put the pictures into its run; what fails is logged, and fails nothing else."""
        begun = self._begun[job_id]
        run_id = begun.recorded.run_ids[search.model_name]
        try:
            drawn = self._draw(search, begun.request, begun.training)
            with tempfile.TemporaryDirectory(prefix="tracking-pictures-") as folder:
                for name, content in drawn.pictures.items():
                    (Path(folder) / f"{name}.png").write_bytes(content)
                self._client.log_artifacts(run_id, folder, PICTURES)
            if drawn.left_out:
                reasons = "; ".join(f"{name}: {reason}" for name, reason in drawn.left_out.items())
                self._client.set_tag(run_id, LEFT_OUT_TAG, reasons)
        except Exception:
            log.exception("Run %s has no pictures, or not all", run_id)

    def _find_runs(self, job_id: str) -> dict[str, Any]:
        begun = self._begun.get(job_id)
        return self._runs.find(job_id, None if begun is None else begun.recorded.experiment_id)

    @contextmanager
    def _unless_deleted(self, name: str) -> Iterator[None]:
        """Raises ExperimentDeletedError where MLflow refuses something because the experiment was deleted."""
        try:
            yield
        except MlflowException as error:
            if not out_of_order(error):
                self._find(name)
            raise

    def _find(self, name: str) -> str | None:
        with translated():
            found = self._client.get_experiment_by_name(name)
        if found is None:
            return None
        if found.lifecycle_stage == "deleted":
            raise ExperimentDeletedError(name)
        return str(found.experiment_id)

    def _create(self, experiment: NewExperiment) -> str:
        try:
            with translated():
                return str(self._client.create_experiment(experiment.name, tags=dict(experiment.tags)))
        except MlflowInDoubtError:
            found = self._find(experiment.name)
            if found is None:
                raise
            return found
        except MlflowException as error:
            found = self._find(experiment.name) if error.error_code in EXISTS else None
            if found is None:
                raise
            return found  # another job was quicker

    def _log_dataset(self, run: Any, training: TrainingSet) -> None:
        # Another job of the experiment may write the dataset at the same moment.
        again_if_refused(self._client.log_inputs, run.info.run_id, dataset_inputs(training))

    def _commit_to(self, run: Any, search: SavedSearch) -> None:
        """Say first which hyperparameters the model has; one of an earlier attempt with others goes."""
        tag, said = run_contents.HYPERPARAMETERS_TAG, json.dumps(search.hyperparameters)
        if run.data.tags.get(tag) == said:
            return
        if tag in run.data.tags:
            self._models.remove(run)
        self._client.set_tag(run.info.run_id, tag, said)

    def _log_outcome(self, run: Any, search: SavedSearch) -> None:
        run_id = run.info.run_id
        self._client.log_dict(run_id, candidates_table(search.candidates), TABLE_ARTIFACT)
        if run_contents.is_shortened(search.grid):
            grid: dict[str, Any] = {name: list(values) for name, values in search.grid.items()}
            self._client.log_dict(run_id, grid, run_contents.GRID_ARTIFACT)
        self._log(
            run,
            {**run_contents.grid_params(search.grid), **run_contents.last_params(search)},
            run_contents.run_metrics(search),
            dict([*run_contents.last_tags(search).items(), TABLE_TAG]),
        )

    def _log(
        self,
        run: Any,
        params: Mapping[str, str],
        metrics: Mapping[str, float] = MappingProxyType({}),
        tags: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Only what the run has not yet: MLflow would keep a metric's second value beside the first."""
        now = int(time.time() * 1000)
        told = {
            "metrics": [
                Metric(name, value, now, 0) for name, value in metrics.items() if name not in run.data.metrics
            ],
            "tags": [RunTag(*tag) for tag in tags.items()],
        }
        missing = [Param(name, value) for name, value in params.items() if name not in run.data.params]
        for start in range(0, max(len(missing), 1), MAX_BATCH):
            self._client.log_batch(run.info.run_id, params=missing[start : start + MAX_BATCH], **told)
            told = {}
