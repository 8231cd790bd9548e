"""The steps from raw records to a prediction, each with its log: what command line and REST both call."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fire_brigade.persistence.model.records import KINDS, Kind, RecordSource
from fire_brigade.persistence.model.trained_model import Scores
from fire_brigade.persistence.repository.downloads import DownloadLimits
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.service.build_features import Bands, FeatureCounts, FeatureFiles, build_features
from fire_brigade.service.generate_records import INCIDENTS, is_real, made_up_sources
from fire_brigade.service.jobs import Progress
from fire_brigade.service.models import Evaluation, ReadModel, eval_model, predict_model, train_model
from fire_brigade.service.paths import check_different
from fire_brigade.service.process_data import convert_to_pickle, process_data
from fleet.errors import UnavailableError

if TYPE_CHECKING:
    from fire_brigade.persistence.repository.mlflow_log import MlflowLog

__all__ = ["KINDS", "Places", "Steps"]

log = logging.getLogger(__name__)

USE_CASE = "fire_brigade"


@dataclass(frozen=True)
class Places:
    """Where files are by default. made_up, evaluation: folders."""

    records: FeatureFiles
    made_up: Path
    model: ModelPaths
    evaluation: Path

    def missing(self) -> list[str]:
        """Names of the files that a working system has and that are not there, in the order of the steps."""
        records, model = self.records, self.model
        files = (records.incidents, records.mobilisations, records.features, model.model, model.encoder)
        return [file.name for file in files if not file.is_file()]


@dataclass(frozen=True)
class Steps:
    """registry: where trainings are recorded and predictions take the newest model from; None for files.

    sources: of both kinds; years: those whose records are kept.
    """

    places: Places
    sources: Sequence[RecordSource]
    years: tuple[int, ...]
    bands: Bands
    files: ModelFiles
    registry: "MlflowLog | None"
    logs: LoggingMetricsManager

    def end_stale(self) -> None:
        """Ends what was being recorded when a process of ours was killed; later, if that cannot be now."""
        if self.registry is not None:
            try:
                self.registry.end_stale()
            except UnavailableError as error:  # the next training or evaluation does it
                log.warning("Recordings that broke off cannot be ended yet: %s", error.error)

    def degraded(self) -> dict[str, str]:
        """What cannot be done for the moment, while the rest can: a sentence under the use case's name."""
        if self.registry is None or self.registry.is_there():
            return {}
        return {USE_CASE: "MLflow cannot be reached: nothing can be trained or predicted until it is there"}

    def process_data(
        self,
        kinds: Sequence[Kind],
        *,
        convert: bool,
        progress: Progress,
        attempts: int | None = None,
        made_up: bool = False,
    ) -> dict[str, Any]:
        """Fetches and filters the records of these kinds; what was done, by kind.

        attempts: of each download; the usual number if None. made_up: makes records up and processes these,
        unless there are real ones, which stay; `made_up` says whether. Raises what process_data does.
        """
        limits = DownloadLimits() if attempts is None else DownloadLimits(attempts=attempts)
        with self.logs.step("data_preprocessing") as log:
            sources: Sequence[RecordSource] = self.sources
            if made_up and any(is_real(source.file) for source in sources):
                log.info("Nothing was made up: there are records that are not")
                return {"made_up": False}
            if made_up:
                progress(0.0, "making records up")
                log.info(f"Making {INCIDENTS} incidents up")
                sources = made_up_sources(self.places.made_up, sources, self.years)
            asked = [source for source in sources if source.kind in kinds]
            done = process_data(asked, years=self.years, log=log, limits=limits, progress=progress)
            figures: dict[str, Any] = {"made_up": True} if made_up else {}
            figures |= {each.kind: each.figures() for each in done}
            if convert:
                progress(1.0, "writing pickle and Parquet")
                figures["converted"] = [path.name for path in convert_to_pickle(asked, log=log)]
            return figures

    def build_features(self, progress: Progress | None = None) -> FeatureCounts:
        """Makes the features of the records; how many rows there were after each of its steps."""
        with self.logs.step("build_features") as log:
            return build_features(self.places.records, self.bands, log=log, report=progress)

    def train_model(
        self, data: Path | None = None, model: Path | None = None, encoder: Path | None = None
    ) -> Scores:
        """Trains on the features in `data`, and writes the model and its encoder. Raises SameFileError."""
        with self.logs.step("train_model") as log:
            paths = self._model_paths(model, encoder)
            features = data or self.places.records.features
            check_different(
                {"data_path": features, "ml_model_path": paths.model, "encoder_path": paths.encoder}
            )
            return train_model(features, paths, self.files, self.registry, log)

    def eval_model(
        self, data: Path | None = None, model: Path | None = None, encoder: Path | None = None
    ) -> Evaluation:
        """Evaluates the model on the rows of `data` that training leaves for testing."""
        with self.logs.step("eval_model") as log:
            features = data or self.places.records.features
            read = self._reader(model, encoder)
            return eval_model(features, read, self.places.evaluation, self.registry, log)

    def predict_model(
        self, distance: float, station: str, model: Path | None = None, encoder: Path | None = None
    ) -> float:
        """Seconds until an engine of that station is at a call so many km away."""
        with self.logs.step("predict_model") as log:
            return predict_model(distance, station, self._reader(model, encoder), log)

    def _reader(self, model: Path | None, encoder: Path | None) -> ReadModel:
        """Files that are named count, then the registry's newest model, then the usual files."""
        if self.registry is not None and model is None and encoder is None:
            return self.registry.newest
        paths = self._model_paths(model, encoder)
        return lambda: self.files.read(paths)

    def _model_paths(self, model: Path | None, encoder: Path | None) -> ModelPaths:
        return ModelPaths(model or self.places.model.model, encoder or self.places.model.encoder)
