"""The steps with the model, a linear regression of attendance times on distance and station."""

import difflib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from fire_brigade.persistence.model.trained_model import (
    DISTANCE,
    STATION,
    TARGET,
    Floats,
    Scores,
    TrainedModel,
)
from fire_brigade.persistence.repository.locked_files import clear_up
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager, MetricsLogger
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.persistence.repository.tables import read_features
from fire_brigade.service.paths import Places, check_different
from fire_brigade.service.training import calls, fit, params, part, score
from fleet.errors import InvalidRequestError, NotFoundError, UnavailableError
from fleet.whole_files import write_whole

if TYPE_CHECKING:  # importing MLflow takes seconds, which those who go without it need not wait
    from fire_brigade.persistence.repository.mlflow_log import MlflowLog

EXAMPLE_ROWS = 5
FARTHEST_KM = 20_040  # half the way round the Earth: no two places are farther apart
CLOSE_MATCHES, LEAST_LIKENESS = 3, 0.5

USE_CASE = "fire_brigade"

log = logging.getLogger(__name__)


class InvalidDistanceError(InvalidRequestError):
    """A distance that no call has."""

    def __init__(self) -> None:
        super().__init__(
            f"distance must be a number from 0 to {FARTHEST_KM}", "Give the distance to the call in km"
        )


class UnknownStationError(NotFoundError):
    """The model was trained on no call that this station answered."""

    def __init__(self, station: str, known: tuple[str, ...]) -> None:
        folded = {name.casefold(): name for name in known}
        close = difflib.get_close_matches(station.casefold(), folded, CLOSE_MATCHES, LEAST_LIKENESS)
        advice = "Use the name of a station of the data"
        if close:
            advice = f"Did you mean {' or '.join(folded[match] for match in close)}?"
        super().__init__(f"The model knows no station '{station}'", advice)


@dataclass(frozen=True)
class Evaluation:
    """stations: rows, mse, mae, max_error and mean error (true - predicted) in seconds, a station a row.

    folder: where all of it was written, with pictures.
    """

    rows: int
    scores: Scores
    stations: pd.DataFrame
    folder: Path


class Models:
    """Trains, evaluates and predicts, each with its log.

    registry: where trainings are recorded and predictions take the newest model from; None for files alone.
    """

    def __init__(
        self,
        places: Places,
        files: ModelFiles,
        registry: "MlflowLog | None",
        logs: LoggingMetricsManager,
    ) -> None:
        self._places = places
        self._files = files
        self._registry = registry
        self._logs = logs

    def check_files(
        self, data: Path | None, model: Path | None, encoder: Path | None
    ) -> tuple[Path, ModelPaths]:
        """The files of a training, the usual ones where none is named. Raises SameFileError."""
        paths, data = self._paths(model, encoder), data or self._places.records.features
        check_different({"data_path": data, "ml_model_path": paths.model, "encoder_path": paths.encoder})
        return data, paths

    def train(
        self,
        data: Path | None = None,
        model: Path | None = None,
        encoder: Path | None = None,
        job_id: str = "",
    ) -> Scores:
        """Train on the features in the file `data`, record the training, and write the model's two files.

        job_id: of the job that asks for it. What its earlier attempt has recorded is not trained again.
        Raises SameFileError, NoFeaturesError, UnreadableFeaturesError, TooFewRowsError, UnavailableError,
        FileNotWrittenError, AlreadyRunningError; where files cannot be written nothing is recorded, and
        whatever fails, the files of before stay.
        """
        with self._logs.step("train_model") as step:
            data, paths = self.check_files(data, model, encoder)
            done = self._registry.recorded(job_id) if self._registry is not None and job_id else None
            if done is None:
                scores = self._train_anew(data, paths, job_id, step)
            else:
                scores = done.scores
                with self._files.replacing(paths, done.signed):
                    step.info("The training was recorded in MLflow before it broke off")
            step.info(f"Saved to {paths.model.name} and {paths.encoder.name}")
            return scores

    def _train_anew(self, data: Path, paths: ModelPaths, job_id: str, step: MetricsLogger) -> Scores:
        features = read_features(data)
        size = int(features.memory_usage(deep=True).sum())
        step.info(f"{len(features)} rows loaded from {data.name}", metrics={"original_data_size": size})
        training, testing = part(features)
        trained, processed_bytes = fit(training)
        step.info(
            f"Fitted on {len(training)} rows of {len(trained.stations)} stations",
            metrics={"processed_data_size": processed_bytes},
        )
        scores = score(testing[TARGET].to_numpy(), trained.predict(*calls(testing)))
        step.info(f"Scores on {len(testing)} rows: {scores}", metrics=scores)
        signed = self._files.sign(trained)
        with self._files.replacing(paths, signed):
            if self._registry is not None:  # as late as can be: from then on predictions come from it
                example = training[[DISTANCE, STATION]].head(EXAMPLE_ROWS)
                told = params(features, training)
                version = self._registry.record_training(
                    trained, signed, example, told, scores, job_id=job_id
                )
                step.info(f"Recorded in MLflow as version {version} of the registered model")
        return scores

    def evaluate(
        self, data: Path | None = None, model: Path | None = None, encoder: Path | None = None
    ) -> Evaluation:
        """Evaluate on the rows that a training on the file `data` leaves for testing.

        Raises what reading features and model, and writing files, do.
        """
        # Only now: neither the service nor its worker draws.
        from fire_brigade.service.pictures import fit_picture, residual_picture  # noqa: PLC0415

        with self._logs.step("eval_model") as step:
            _, testing = part(read_features(data or self._places.records.features))
            true = testing[TARGET].to_numpy()
            predicted = self._read(model, encoder).predict(*calls(testing))
            by_station = _by_station(testing[STATION], true - predicted)
            found = Evaluation(len(testing), score(true, predicted), by_station, self._places.evaluation)
            step.info(f"Scores on {found.rows} rows: {found.scores}", metrics=found.scores)
            files = {
                "scores.json": json.dumps({"rows": found.rows, **found.scores}, indent=2).encode(),
                "scores_by_station.csv": by_station.to_csv(index=False).encode(),
                "residuals.png": residual_picture(true, predicted),
                "predicted_against_true.png": fit_picture(true, predicted),
            }
            write_whole({found.folder / name: content for name, content in files.items()})
            step.info(f"Written to {found.folder.name}: {', '.join(files)}")
            if self._registry is not None:
                run_id = self._registry.record_evaluation(found.scores, files)
                step.info(f"Recorded in MLflow as run {run_id}")
            return found

    def predict(
        self, distance: float, station: str, model: Path | None = None, encoder: Path | None = None
    ) -> float:
        """Seconds from the call to the arrival. distance: in km; station: its name in the data.

        Raises InvalidDistanceError, UnknownStationError, and whatever reading the model does.
        """
        with self._logs.step("predict_model") as step:
            try:
                trained = self._model_for(distance, station, model, encoder)
                seconds = float(trained.predict(np.array([distance]), [station])[0])
            except BaseException:
                step.debug("No prediction was made", metrics={"success": 0})
                raise
            features = 1 + len(trained.stations)
            step.info(
                f"{seconds:.1f} s predicted for {distance} km from {station}",
                metrics={"success": 1, "num_features": features, "prediction_result": seconds},
            )
            return seconds

    def end_stale(self) -> None:
        """Ends what was being recorded when a process of ours was killed; later, if that cannot be now."""
        if self._registry is not None:
            try:
                self._registry.end_stale()
            except UnavailableError as error:  # the next training or evaluation does it
                log.warning("Recordings that broke off cannot be ended yet: %s", error.error)

    def clear_up(self, model: Path | None, encoder: Path | None) -> None:
        """Remove what a training of these files that was killed has left half-written or half-recorded."""
        self.end_stale()
        for path in self._paths(model, encoder):
            clear_up(path)

    def degraded(self) -> dict[str, str]:
        """What cannot be done for the moment, while the rest can: a sentence under the use case's name."""
        if self._registry is None or self._registry.is_there():
            return {}
        return {USE_CASE: "MLflow cannot be reached: nothing can be trained or predicted until it is there"}

    def _model_for(
        self, distance: float, station: str, model: Path | None, encoder: Path | None
    ) -> TrainedModel:
        """The model, once it is clear that it can predict this call."""
        if not 0 <= distance <= FARTHEST_KM:  # which NaN is not either
            raise InvalidDistanceError
        trained = self._read(model, encoder)
        if station not in trained.stations:
            raise UnknownStationError(station, trained.stations)
        return trained

    def _read(self, model: Path | None, encoder: Path | None) -> TrainedModel:
        """Of files that are named, else the registry's newest, else of the usual files."""
        if self._registry is not None and model is None and encoder is None:
            return self._registry.newest()
        return self._files.read(self._paths(model, encoder))

    def _paths(self, model: Path | None, encoder: Path | None) -> ModelPaths:
        return ModelPaths(model or self._places.model.model, encoder or self._places.model.encoder)


def _by_station(stations: pd.Series, errors: Floats) -> pd.DataFrame:
    """The figures of each station, in the order of their names."""
    table = pd.DataFrame({STATION: stations, "error": errors, "square": errors**2, "size": np.abs(errors)})
    return (
        table.groupby(STATION)
        .agg(
            rows=("error", "size"),
            mse=("square", "mean"),
            mae=("size", "mean"),
            max_error=("size", "max"),
            mean_error=("error", "mean"),
        )
        .reset_index()
    )
