"""Records trainings and evaluations in MLflow, registers models, and fetches the newest one.

Everything goes through `MlflowClient` in as few requests as it takes. A registered version's run carries the
two signed files too: those are what is fetched, because only their signature tells whose they are.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric, Param, RunStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from fire_brigade.persistence.model.scores import Scores
from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.mlflow_connection import (
    EXISTS,
    NOT_THERE,
    answers,
    translated,
)
from fire_brigade.persistence.repository.mlflow_model import belongs_to, save_model
from fire_brigade.persistence.repository.model_files import ModelFiles
from fire_brigade.persistence.repository.signed_models import SignedModel
from fleet.errors import ConflictError

REGISTERED_NAME = "fire_brigade_linear_regression"
MODEL_FILE, ENCODER_FILE = "linear_regression_model.pkl", "onehot_encoder.pkl"
MODEL_TYPE = "LinearRegression"
USE_CASE = {"use_case": "fire_brigade"}


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


class MlflowLog:
    """Writes to one experiment of one server, and reads its registry."""

    def __init__(self, client: MlflowClient, experiment: str, files: ModelFiles) -> None:
        self._client = client
        self._experiment = experiment
        self._files = files
        self._kept: tuple[str, TrainedModel] | None = None

    def record_training(
        self,
        trained: TrainedModel,
        signed: SignedModel,
        example: pd.DataFrame,
        params: Mapping[str, str],
        scores: Scores,
    ) -> str:
        """The number of the registered version. Raises MlflowFailedError, ExperimentDeletedError."""
        with translated(), tempfile.TemporaryDirectory(prefix="fire-brigade-") as name:
            folder = Path(name)
            description = save_model(trained, example, folder / "model")
            with self._run("train_model", {"model_type": MODEL_TYPE}) as run_id:
                entries = [Param(key, value) for key, value in params.items()]
                self._client.log_batch(run_id, metrics=_metrics(scores.by_name()), params=entries)
                files = {MODEL_FILE: signed.model, ENCODER_FILE: signed.encoder}
                self._log_files(run_id, files, folder / "files")
                logged = self._client.create_logged_model(
                    self._experiment_id(), name="model", source_run_id=run_id, model_type=MODEL_TYPE
                )
                belongs_to(description, folder / "model", logged, run_id)
                self._client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
                self._client.log_model_artifacts(logged.model_id, str(folder / "model"))
                self._client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
                return self._register(run_id, logged.model_id)

    def record_evaluation(self, metrics: Mapping[str, float], files: Mapping[str, bytes]) -> str:
        """The id of the run. Raises MlflowFailedError, ExperimentDeletedError."""
        with translated(), tempfile.TemporaryDirectory(prefix="fire-brigade-") as name:
            with self._run("eval_model", {}) as run_id:
                self._client.log_batch(run_id, metrics=_metrics(metrics))
                self._log_files(run_id, files, Path(name))
            return run_id

    def is_there(self) -> bool:
        """Whether the server answers, asked in haste."""
        return answers(self._client.tracking_uri)

    def newest(self) -> TrainedModel:
        """The model of the newest version; kept as long as there is none that is newer.

        Raises MlflowFailedError, NothingRegisteredError, UntrustedModelError.
        """
        with translated():
            version = self._newest_version()
            if version is None:
                raise NothingRegisteredError
            if self._kept is None or self._kept[0] != version.version:
                self._kept = (version.version, self._fetch(version))
            return self._kept[1]

    def _newest_version(self) -> ModelVersion | None:
        found = self._client.search_model_versions(
            f"name='{REGISTERED_NAME}'", max_results=1, order_by=["version_number DESC"]
        )
        return found[0] if found else None

    def _fetch(self, version: ModelVersion) -> TrainedModel:
        names = (MODEL_FILE, ENCODER_FILE)
        if not self._files_of(version).issuperset(names):
            raise NothingRegisteredError  # somebody else's version
        with tempfile.TemporaryDirectory(prefix="fire-brigade-") as folder:
            model, encoder = (
                Path(self._client.download_artifacts(version.run_id, name, folder)).read_bytes()
                for name in names
            )
        return self._files.open(SignedModel(model, encoder), names)

    def _files_of(self, version: ModelVersion) -> set[str]:
        """Names of what the version's run has kept, if there is such a run."""
        if not version.run_id:
            return set()
        try:
            return {each.path for each in self._client.list_artifacts(version.run_id)}
        except MlflowException as error:
            if error.error_code not in NOT_THERE:
                raise
            return set()

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
    def _run(self, name: str, tags: Mapping[str, str]) -> Iterator[str]:
        """The id of a run that ends with the block, finished or failed."""
        run = self._client.create_run(self._experiment_id(), run_name=name, tags={**USE_CASE, **tags})
        run_id = str(run.info.run_id)
        try:
            yield run_id
        except BaseException:
            with suppress(MlflowException, OSError):
                # What stopped the recording may stop this too, and is what counts.
                self._client.set_terminated(run_id, RunStatus.to_string(RunStatus.FAILED))
            raise
        self._client.set_terminated(run_id, RunStatus.to_string(RunStatus.FINISHED))

    def _log_files(self, run_id: str, files: Mapping[str, bytes], folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        self._client.log_artifacts(run_id, str(folder))

    def _register(self, run_id: str, model_id: str) -> str:
        try:
            self._client.create_registered_model(REGISTERED_NAME)
        except MlflowException as error:
            if error.error_code not in EXISTS:
                raise
        made = self._client.create_model_version(
            REGISTERED_NAME, f"models:/{model_id}", run_id, model_id=model_id, await_creation_for=0
        )
        return str(made.version)


def _metrics(figures: Mapping[str, float]) -> list[Metric]:
    now = int(time.time() * 1000)
    return [Metric(name, value, now, 0) for name, value in figures.items()]
