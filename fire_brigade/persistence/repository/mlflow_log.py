"""Records trainings and evaluations in MLflow, registers models, and fetches the newest one.

A registered version's run carries the two signed files too: those are what is fetched, because only their
signature tells whose they are.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import requests
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus, Metric, Param, Run, RunStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, Scores, TrainedModel
from fire_brigade.persistence.repository.locked_files import Recordings
from fire_brigade.persistence.repository.model_files import (
    ModelFiles,
    SignedModel,
    UnmatchedModelError,
    UntrustedModelError,
)
from fleet.errors import ConflictError, FleetError, UnavailableError
from fleet.mlflow_client import EXISTS, NOT_THERE, log_model, pages, register, save_model
from fleet.temporary import temporary_folder

TIMEOUT_S = 5
WATCHED_S = 1
REGISTERED_NAME = "fire_brigade_linear_regression"
FILES = ("linear_regression_model.pkl", "onehot_encoder.pkl")
MODEL_TYPE = "LinearRegression"
USE_CASE = {"use_case": "fire_brigade"}
RECORDING = "fire_brigade_recording"  # the tag of a run that says which
JOB = "fire_brigade_job"  # the tag of a run that says which job asked for it, if one did
FINISHED, FAILED, KILLED = map(RunStatus.to_string, (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED))
ENDED = (FINISHED, FAILED, KILLED)
PAGE_SIZE = 100
SCRATCH = "fire-brigade"  # in the names of temporary folders

Version = tuple[str, int]
"""The number of a version, and when it was registered: a name that was deleted begins anew at 1."""


class MlflowFailedError(UnavailableError):
    """MLflow refused the connection, failed, or did not answer in time; or files for it had no room."""

    def __init__(self) -> None:
        super().__init__(
            "MLflow cannot be reached, or refuses",
            "Check that the server that MLFLOW_TRACKING_URI names is running, and that there is room for "
            "temporary files, or set USE_MLFLOW to false",
        )


class NothingRegisteredError(ConflictError):
    """The registry has no version that this service could predict with."""

    def __init__(self) -> None:
        super().__init__(
            f"MLflow has no registered version of {REGISTERED_NAME} that this service trained",
            "Train a model: POST /train_model, or train-model on the command line",
        )


class ExperimentDeletedError(ConflictError):
    """MLflow keeps the names of deleted experiments."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The experiment '{name}' was deleted in MLflow",
            "Restore it there, or give another one in MLFLOW_EXPERIMENT_NAME",
        )


class Recorded(NamedTuple):
    """A training that was recorded to its end."""

    signed: SignedModel
    scores: Scores


class MlflowLog:
    """Writes to one experiment of one server, and reads its registry."""

    def __init__(
        self, client: MlflowClient, experiment: str, files: ModelFiles, recordings: Recordings
    ) -> None:
        self._client = client
        self._experiment = experiment
        self._files = files
        self._recordings = recordings
        self._kept: tuple[Version, TrainedModel] | None = None
        self._not_ours: dict[Version, FleetError] = {}

    def record_training(  # noqa: PLR0913  # all that is told of a training
        self,
        trained: TrainedModel,
        signed: SignedModel,
        example: pd.DataFrame,
        params: Mapping[str, str],
        scores: Scores,
        *,
        job_id: str = "",
    ) -> str:
        """Records all of it or nothing, and registers the model; the number of its version.

        job_id: by which `recorded` finds it; empty where no job asked for it.
        example: rows of the distance and the station. Raises MlflowFailedError, ExperimentDeletedError.
        """
        with _translated(), temporary_folder(SCRATCH) as folder:
            pipeline = _as_pipeline(trained, example)
            signature = infer_signature(example, pipeline.predict(example))
            save_model(pipeline, folder / "model", signature=signature, input_example=example)
            tags = {"model_type": MODEL_TYPE, **({JOB: job_id} if job_id else {})}
            with self._run("train_model", tags) as (experiment_id, run_id):
                entries = [Param(key, value) for key, value in params.items()]
                self._client.log_batch(run_id, metrics=_metrics(scores), params=entries)
                self._log_files(run_id, dict(zip(FILES, signed, strict=True)), folder / "files")
                model_id = log_model(self._client, experiment_id, run_id, folder / "model", MODEL_TYPE)
                return register(self._client, REGISTERED_NAME, run_id, model_id)

    def recorded(self, job_id: str) -> Recorded | None:
        """What a training that the job asked for has recorded, if one has ended. Raises MlflowFailedError."""
        with _translated():
            experiment = self._client.get_experiment_by_name(self._experiment)
            if experiment is None:
                return None
            finished = f"tags.{JOB} = '{job_id}' AND attributes.status = '{FINISHED}'"
            for run in self._client.search_runs([experiment.experiment_id], finished):
                return Recorded(self._fetch(run), dict(run.data.metrics))
            return None

    def record_evaluation(self, metrics: Mapping[str, float], files: Mapping[str, bytes]) -> str:
        """The id of the run that keeps what was found; files: contents by name.

        Raises MlflowFailedError, ExperimentDeletedError.
        """
        with _translated(), temporary_folder(SCRATCH) as folder:
            with self._run("eval_model", {}) as (_, run_id):
                self._client.log_batch(run_id, metrics=_metrics(metrics))
                self._log_files(run_id, files, folder)
            return run_id

    def is_there(self) -> bool:
        """Whether the server answers, within a second or two: for those who watch."""
        try:
            return requests.get(f"{self._client.tracking_uri.rstrip('/')}/health", timeout=WATCHED_S).ok
        except requests.RequestException:
            return False

    def newest(self) -> TrainedModel:
        """The model of the newest version that this service trained, of a recording that was finished.

        It is kept as long as there is none that is newer. Raises MlflowFailedError, NothingRegisteredError,
        UntrustedModelError.
        """
        with _translated():
            for found in pages(
                self._client.search_model_versions,
                f"name='{REGISTERED_NAME}'",
                max_results=PAGE_SIZE,
                order_by=["version_number DESC"],
            ):
                version = (str(found.version), int(found.creation_timestamp))
                if self._kept is not None and self._kept[0] == version:
                    return self._kept[1]
                model = None if version in self._not_ours else self._open(found, version)
                if model is not None:
                    self._kept = (version, model)
                    return model
        for error in self._not_ours.values():
            if isinstance(error, UntrustedModelError):
                raise error
        raise NothingRegisteredError

    def end_stale(self) -> None:
        """Fails what recordings whose process was killed have left. Raises MlflowFailedError."""
        with _translated():
            self._recordings.end_stale(self._end)

    def _end(self, recording: str) -> None:
        experiment = self._client.get_experiment_by_name(self._experiment)
        if experiment is None:
            return
        of_it = [experiment.experiment_id], f"tags.{RECORDING} = '{recording}'"
        for run in self._client.search_runs(*of_it):
            if run.info.status == FINISHED:
                continue
            models = self._client.search_logged_models(
                of_it[0], filter_string=f"source_run_id = '{run.info.run_id}'"
            )
            for model in models:
                if model.status is LoggedModelStatus.PENDING:
                    self._client.finalize_logged_model(model.model_id, LoggedModelStatus.FAILED)
            for version in self._client.search_model_versions(f"run_id = '{run.info.run_id}'"):
                self._client.delete_model_version(version.name, version.version)
            self._client.set_terminated(run.info.run_id, FAILED)

    def _open(self, found: ModelVersion, version: Version) -> TrainedModel | None:
        """The version's model, or None if it is none of ours, or not yet."""
        run = self._run_of(found)
        if run is not None and run.info.status not in ENDED:
            return None
        try:
            return self._files.open(self._fetch(run), FILES)
        except (NothingRegisteredError, UntrustedModelError, UnmatchedModelError) as error:
            self._not_ours[version] = error
            return None

    def _fetch(self, run: Run | None) -> SignedModel:
        """What the run has kept. Raises NothingRegisteredError if that is no training of ours."""
        if run is None or run.info.status != FINISHED or not USE_CASE.items() <= run.data.tags.items():
            raise NothingRegisteredError
        if not {each.path for each in self._client.list_artifacts(run.info.run_id)}.issuperset(FILES):
            raise NothingRegisteredError
        with temporary_folder(SCRATCH) as folder:
            fetched = (self._client.download_artifacts(run.info.run_id, name, str(folder)) for name in FILES)
            return SignedModel(*(Path(path).read_bytes() for path in fetched))

    def _run_of(self, version: ModelVersion) -> Run | None:
        if not version.run_id:
            return None
        try:
            return self._client.get_run(version.run_id)
        except MlflowException as error:
            if error.error_code not in NOT_THERE:
                raise
            return None

    def _experiment_id(self) -> str:
        found = self._client.get_experiment_by_name(self._experiment)
        if found is None:
            try:
                return str(self._client.create_experiment(self._experiment))
            except MlflowException as error:
                if error.error_code not in EXISTS:
                    raise
                found = self._client.get_experiment_by_name(self._experiment)  # another process was quicker
        if found is None or found.lifecycle_stage == "deleted":
            raise ExperimentDeletedError(self._experiment)
        return str(found.experiment_id)

    @contextmanager
    def _run(self, name: str, tags: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The ids of the experiment and of a run in it, which ends with the block, finished or failed."""
        self._recordings.end_stale(self._end)
        with self._recordings.begun() as recording:
            experiment_id = self._experiment_id()
            tags = {**USE_CASE, RECORDING: recording, **tags}
            run_id = str(self._client.create_run(experiment_id, run_name=name, tags=tags).info.run_id)
            try:
                yield experiment_id, run_id
            except BaseException:
                with suppress(MlflowException, OSError):
                    # What stopped the recording may stop this too, and is what counts.
                    self._client.set_terminated(run_id, FAILED)
                raise
            self._client.set_terminated(run_id, FINISHED)

    def _log_files(self, run_id: str, files: Mapping[str, bytes], folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        self._client.log_artifacts(run_id, str(folder))


def _as_pipeline(trained: TrainedModel, example: pd.DataFrame) -> Pipeline:
    """The same model as one scikit-learn pipeline, to which the example tells the names of the columns."""
    categories = trained.encoder.categories_  # what was learnt: nothing is to be learnt of the example
    encoder = OneHotEncoder(categories=categories, handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer(
        [("distance", "passthrough", [DISTANCE]), ("station", encoder, [STATION])]
    ).fit(example)
    return Pipeline([("columns", columns), ("regression", trained.regression)])


@contextmanager
def _translated() -> Iterator[None]:
    """Turn MLflow's errors into MlflowFailedError; those of its storage, and of requests, are OSErrors."""
    try:
        yield
    except (MlflowException, OSError) as error:
        raise MlflowFailedError from error


def _metrics(figures: Mapping[str, float]) -> list[Metric]:
    now = int(time.time() * 1000)
    return [Metric(name, value, now, 0) for name, value in figures.items()]
