"""The steps from raw records to a prediction, each with its log: what command line and REST both call."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fire_brigade.persistence.model.records import Kind
from fire_brigade.persistence.model.scores import Scores
from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.service.eval_model import Evaluation, eval_model
from fire_brigade.service.jobs import Progress
from fire_brigade.service.model_ports import EvaluationRecord, ReadModel, TrainingRecord
from fire_brigade.service.paths import check_different
from fire_brigade.service.ports import MetricsLog
from fire_brigade.service.predict_model import predict_model
from fire_brigade.service.train_model import train_model
from fleet.errors import UnavailableError

ProcessData = Callable[[Sequence[Kind], bool, MetricsLog, Progress], dict[str, Any]]
Fetch = Callable[[int | None], ProcessData]
"""How records are fetched with so many attempts; the usual number if None."""
BuildFeatures = Callable[[MetricsLog, Progress], dict[str, int]]
log = logging.getLogger(__name__)

USE_CASE = "fire_brigade"


class ModelRegistry(TrainingRecord, EvaluationRecord, Protocol):
    """Keeps trainings, evaluations and models outside of this service, as MLflow does."""

    def is_there(self) -> bool:
        """Whether it answers, told at once."""

    def end_stale(self) -> None:
        """Fails the recordings of processes that were killed. Raises UnavailableError."""

    def newest(self) -> TrainedModel:
        """The model that was registered last; raises a FleetError if there is none or it cannot be had."""


@dataclass(frozen=True)
class Places:
    """Where files are by default. raw: of incidents and mobilisations; evaluation: a folder."""

    raw: tuple[Path, ...]
    features: Path
    model: ModelPaths
    evaluation: Path

    def missing(self) -> list[str]:
        """Names of the files that a working system has and that are not there, in the order of the steps."""
        files = (*self.raw, self.features, self.model.model, self.model.encoder)
        return [file.name for file in files if not file.is_file()]


class Steps:
    """registry: where trainings are recorded and predictions take the newest model from; None for files."""

    def __init__(  # noqa: PLR0913  # the one place where the parts of all steps meet
        self,
        *,
        places: Places,
        files: ModelFiles,
        registry: ModelRegistry | None,
        logs: LoggingMetricsManager,
        fetch: Fetch,
        make_up: ProcessData,
        build: BuildFeatures,
    ) -> None:
        self.places = places
        self._files = files
        self._registry = registry
        self._logs = logs
        self._fetch = fetch
        self._make_up = make_up
        self._build = build

    def end_stale(self) -> None:
        """Ends what was being recorded when a process of ours was killed; later, if that cannot be now."""
        if self._registry is not None:
            try:
                self._registry.end_stale()
            except UnavailableError as error:  # the next training or evaluation does it
                log.warning("Recordings that broke off cannot be ended yet: %s", error.error)

    def degraded(self) -> dict[str, str]:
        """What cannot be done for the moment, while the rest can: a sentence under the use case's name."""
        if self._registry is None or self._registry.is_there():
            return {}
        return {USE_CASE: "MLflow cannot be reached: nothing can be trained or predicted until it is there"}

    def process_data(
        self, kinds: Sequence[Kind], *, convert: bool, progress: Progress, attempts: int | None = None
    ) -> dict[str, Any]:
        """Fetches and filters the records of these kinds; what was done, by kind."""
        with self._logs.step("data_preprocessing") as log:
            return self._fetch(attempts)(kinds, convert, log, progress)

    def make_records_up(self, kinds: Sequence[Kind], *, convert: bool, progress: Progress) -> dict[str, Any]:
        """The same with records that are made up, where there are no real ones; `made_up` says whether."""
        with self._logs.step("data_preprocessing") as log:
            return self._make_up(kinds, convert, log, progress)

    def build_features(self, progress: Progress) -> dict[str, int]:
        """Makes the features of the records; how many rows there were after each of its steps."""
        with self._logs.step("build_features") as log:
            return self._build(log, progress)

    def train_model(
        self, data: Path | None = None, model: Path | None = None, encoder: Path | None = None
    ) -> Scores:
        """Trains on the features in `data`, and writes the model and its encoder. Raises SameFileError."""
        with self._logs.step("train_model") as log:
            paths = self._model_paths(model, encoder)
            features = data or self.places.features
            check_different(
                {"data_path": features, "ml_model_path": paths.model, "encoder_path": paths.encoder}
            )
            return train_model(features, paths, self._files, self._registry, log)

    def eval_model(
        self, data: Path | None = None, model: Path | None = None, encoder: Path | None = None
    ) -> Evaluation:
        """Evaluates the model on the rows of `data` that training leaves for testing."""
        with self._logs.step("eval_model") as log:
            read = self._reader(model, encoder)
            return eval_model(data or self.places.features, read, self.places.evaluation, self._registry, log)

    def predict_model(
        self, distance: float, station: str, model: Path | None = None, encoder: Path | None = None
    ) -> float:
        """Seconds until an engine of that station is at a call so many km away."""
        with self._logs.step("predict_model") as log:
            return predict_model(distance, station, self._reader(model, encoder), log)

    def _reader(self, model: Path | None, encoder: Path | None) -> ReadModel:
        """Files that are named count, then the registry's newest model, then the usual files."""
        if self._registry is not None and model is None and encoder is None:
            return self._registry.newest
        paths = self._model_paths(model, encoder)
        return lambda: self._files.read(paths)

    def _model_paths(self, model: Path | None, encoder: Path | None) -> ModelPaths:
        return ModelPaths(model or self.places.model.model, encoder or self.places.model.encoder)
