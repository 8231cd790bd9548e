"""Evaluates the model: overall and for each station, in figures and in pictures."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fire_brigade.persistence.model.scores import Scores
from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TARGET, TrainedModel
from fire_brigade.persistence.repository.feature_file import read_features
from fire_brigade.service.pictures import fit_picture, residual_picture
from fire_brigade.service.ports import MetricsLog, ModelRegistry, ReadModel
from fire_brigade.service.scoring import part, score
from fleet.whole_files import write_whole

SCORES_FILE, STATIONS_FILE = "scores.json", "scores_by_station.csv"
RESIDUALS_FILE, FIT_FILE = "residuals.png", "predicted_against_true.png"
PREDICTED, ERROR = "predicted", "error"


@dataclass(frozen=True)
class Evaluation:
    """stations: rows, mse, mae, max_error and mean error (true - predicted) in seconds, a station a row."""

    rows: int
    scores: Scores
    stations: pd.DataFrame


def eval_model(
    data: Path, read: ReadModel, folder: Path, record: ModelRegistry | None, log: MetricsLog
) -> Evaluation:
    """Evaluate on the rows that a training on the file `data` leaves for testing.

    folder: where tables and pictures go. Raises what reading features and model, and writing files, do.
    """
    _, testing = part(read_features(data))
    tested = predictions(testing, read())
    true, predicted = tested[TARGET].to_numpy(), tested[PREDICTED].to_numpy()
    evaluation = Evaluation(len(tested), score(true, predicted), by_station(tested))
    log.info(
        f"Scores on {evaluation.rows} rows: {evaluation.scores.by_name()}",
        metrics=evaluation.scores.by_name(),
    )
    files = {
        SCORES_FILE: _json({"rows": evaluation.rows, **evaluation.scores.by_name()}),
        STATIONS_FILE: evaluation.stations.to_csv(index=False).encode(),
        RESIDUALS_FILE: residual_picture(true, predicted),
        FIT_FILE: fit_picture(true, predicted),
    }
    write_whole({folder / name: content for name, content in files.items()})
    log.info(f"Written to {folder.name}: {', '.join(files)}")
    if record is not None:
        run_id = record.record_evaluation(evaluation.scores.by_name(), files)
        log.info(f"Recorded in MLflow as run {run_id}")
    return evaluation


def predictions(testing: pd.DataFrame, model: TrainedModel) -> pd.DataFrame:
    """The rows with what the model predicts, and how far that is from the truth, in seconds."""
    predicted = model.predict(testing[DISTANCE].to_numpy(dtype=np.float64), testing[STATION].to_list())
    return testing.assign(**{PREDICTED: predicted, ERROR: testing[TARGET].to_numpy() - predicted})


def by_station(tested: pd.DataFrame) -> pd.DataFrame:
    """The figures of each station, in the order of their names."""
    errors = tested.assign(square=tested[ERROR] ** 2, size=tested[ERROR].abs()).groupby(STATION)
    return errors.agg(
        rows=(ERROR, "size"),
        mse=("square", "mean"),
        mae=("size", "mean"),
        max_error=("size", "max"),
        mean_error=(ERROR, "mean"),
    ).reset_index()


def _json(content: dict[str, float]) -> bytes:
    return json.dumps(content, indent=2).encode()
