"""Trains the model, a linear regression of attendance times on distance and station; evaluates; predicts."""

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import max_error, mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TARGET, Scores, TrainedModel
from fire_brigade.persistence.repository.log_files import MetricsLogger
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.persistence.repository.tables import read_features
from fire_brigade.service.pictures import fit_picture, residual_picture
from fleet.errors import ConflictError, InvalidRequestError, NotFoundError
from fleet.settings import SEED
from fleet.whole_files import write_whole

if TYPE_CHECKING:  # importing MLflow takes seconds, which those who go without it need not wait
    from fire_brigade.persistence.repository.mlflow_log import MlflowLog

TEST_SIZE = 0.25
LEAST_ROWS = 8  # of which two are for testing: r² of fewer is undefined
EXAMPLE_ROWS = 5
FARTHEST_KM = 20_040  # half the way round the Earth: no two places are farther apart
CLOSE_MATCHES, LEAST_LIKENESS = 3, 0.5

Floats = npt.NDArray[np.float64]
ReadModel = Callable[[], TrainedModel]
"""The model to predict with; raises a FleetError that says what to call if there is none."""


class TooFewRowsError(ConflictError):
    """So few rows cannot be parted into training and testing."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"The features have {rows} rows; at least {LEAST_ROWS} are needed",
            "Build features from more records: GET /process_data, then GET /build_features",
        )


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


def train_model(
    data: Path, paths: ModelPaths, files: ModelFiles, record: "MlflowLog | None", log: MetricsLogger
) -> Scores:
    """Train on the features in the file `data`, record the training, and write the model's two files.

    Raises NoFeaturesError, UnreadableFeaturesError, TooFewRowsError, UnavailableError, FileNotWrittenError,
    AlreadyRunningError; where files cannot be written nothing is recorded, and whatever fails, the files of
    before stay.
    """
    features = read_features(data)
    size = int(features.memory_usage(deep=True).sum())
    log.info(f"{len(features)} rows loaded from {data.name}", metrics={"original_data_size": size})
    training, testing = part(features)
    trained, processed_bytes = fit(training)
    log.info(
        f"Fitted on {len(training)} rows of {len(trained.stations)} stations",
        metrics={"processed_data_size": processed_bytes},
    )
    scores = _score(testing[TARGET].to_numpy(), trained.predict(*_calls(testing)))
    log.info(f"Scores on {len(testing)} rows: {scores}", metrics=scores)
    signed = files.sign(trained)
    with files.replacing(paths, signed):
        if record is not None:  # as late as can be: once it is recorded there, predictions come from it
            example = training[[DISTANCE, STATION]].head(EXAMPLE_ROWS)
            version = record.record_training(trained, signed, example, _params(features, training), scores)
            log.info(f"Recorded in MLflow as version {version} of the registered model")
    log.info(f"Saved to {paths.model.name} and {paths.encoder.name}")
    return scores


def part(features: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows to train on and the rows to test on, the same ones each time. Raises TooFewRowsError."""
    if len(features) < LEAST_ROWS:
        raise TooFewRowsError(len(features))
    training, testing = train_test_split(features, test_size=TEST_SIZE, random_state=SEED)
    return training, testing


def fit(training: pd.DataFrame) -> tuple[TrainedModel, int]:
    """The model of these rows, and the size in bytes of what it was fitted on."""
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder.fit(training[[STATION]])
    trained = TrainedModel(LinearRegression(), encoder)
    matrix = trained.features(*_calls(training))
    trained.regression.fit(matrix, training[TARGET].to_numpy())
    return trained, matrix.nbytes


def _calls(rows: pd.DataFrame) -> tuple[Floats, list[str]]:
    """The distances and the stations."""
    return rows[DISTANCE].to_numpy(dtype=np.float64), rows[STATION].to_list()


def _score(true: Floats, predicted: Floats) -> Scores:
    """Both in seconds, at least two of each."""
    measures = {
        "mse": mean_squared_error,
        "r2_score": r2_score,
        "mae": mean_absolute_error,
        "max_error": max_error,
    }
    return {name: float(measure(true, predicted)) for name, measure in measures.items()}


def _params(features: pd.DataFrame, training: pd.DataFrame) -> dict[str, str]:
    """What MLflow is told of how it was trained."""
    return {
        "model_type": LinearRegression.__name__,
        "test_size": str(TEST_SIZE),
        "random_state": str(SEED),
        "data_samples": str(len(features)),
        "training_samples": str(len(training)),
        "stations": str(training[STATION].nunique()),
    }


@dataclass(frozen=True)
class Evaluation:
    """stations: rows, mse, mae, max_error and mean error (true - predicted) in seconds, a station a row."""

    rows: int
    scores: Scores
    stations: pd.DataFrame


def eval_model(
    data: Path, read: ReadModel, folder: Path, record: "MlflowLog | None", log: MetricsLogger
) -> Evaluation:
    """Evaluate on the rows that a training on the file `data` leaves for testing.

    folder: where tables and pictures go. Raises what reading features and model, and writing files, do.
    """
    _, testing = part(read_features(data))
    true, predicted = testing[TARGET].to_numpy(), read().predict(*_calls(testing))
    found = Evaluation(len(testing), _score(true, predicted), _by_station(testing[STATION], true - predicted))
    log.info(f"Scores on {found.rows} rows: {found.scores}", metrics=found.scores)
    files = {
        "scores.json": json.dumps({"rows": found.rows, **found.scores}, indent=2).encode(),
        "scores_by_station.csv": found.stations.to_csv(index=False).encode(),
        "residuals.png": residual_picture(true, predicted),
        "predicted_against_true.png": fit_picture(true, predicted),
    }
    write_whole({folder / name: content for name, content in files.items()})
    log.info(f"Written to {folder.name}: {', '.join(files)}")
    if record is not None:
        run_id = record.record_evaluation(found.scores, files)
        log.info(f"Recorded in MLflow as run {run_id}")
    return found


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


def predict_model(distance: float, station: str, read: ReadModel, log: MetricsLogger) -> float:
    """Seconds from the call to the arrival. distance: in km; station: its name in the data.

    Raises InvalidDistanceError, UnknownStationError, and whatever reading the model does.
    """
    try:
        seconds, features = _predicted(distance, station, read)
    except BaseException:
        log.debug("No prediction was made", metrics={"success": 0})
        raise
    log.info(
        f"{seconds:.1f} s predicted for {distance} km from {station}",
        metrics={"success": 1, "num_features": features, "prediction_result": seconds},
    )
    return seconds


def _predicted(distance: float, station: str, read: ReadModel) -> tuple[float, int]:
    """Seconds, and how many features the model has."""
    if not 0 <= distance <= FARTHEST_KM:  # which NaN is not either
        raise InvalidDistanceError
    model = read()
    if station not in model.stations:
        raise UnknownStationError(station, model.stations)
    return float(model.predict(np.array([distance]), [station])[0]), 1 + len(model.stations)
