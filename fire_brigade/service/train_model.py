"""Trains the model: a linear regression of the attendance time on distance and station."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.model.scores import Scores
from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TARGET, TrainedModel
from fire_brigade.persistence.repository.feature_file import read_features
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.service.ports import MetricsLog, TrainingRecord
from fire_brigade.service.scoring import TEST_SIZE, part, score
from fleet.settings import SEED

EXAMPLE_ROWS = 5
ORIGINAL_SIZE_METRIC, PROCESSED_SIZE_METRIC = "original_data_size", "processed_data_size"


def train_model(
    data: Path, paths: ModelPaths, files: ModelFiles, record: TrainingRecord | None, log: MetricsLog
) -> Scores:
    """Train on the features in the file `data`, record the training, and write the model's two files.

    Raises NoFeaturesError, UnreadableFeaturesError, TooFewRowsError, UnavailableError, FileNotWrittenError,
    AlreadyRunningError; where files cannot be written nothing is recorded, and whatever fails, the files of
    before stay.
    """
    features = read_features(data)
    size = int(features.memory_usage(deep=True).sum())
    log.info(f"{len(features)} rows loaded from {data.name}", metrics={ORIGINAL_SIZE_METRIC: size})
    training, testing = part(features)
    trained, processed_bytes = fit(training)
    log.info(
        f"Fitted on {len(training)} rows of {len(trained.stations)} stations",
        metrics={PROCESSED_SIZE_METRIC: processed_bytes},
    )
    predicted = trained.predict(testing[DISTANCE].to_numpy(), testing[STATION].to_list())
    scores = score(testing[TARGET].to_numpy(), predicted)
    log.info(f"Scores on {len(testing)} rows: {scores.by_name()}", metrics=scores.by_name())
    signed = files.sign(trained)
    with files.replacing(paths, signed):
        if record is not None:  # as late as can be: once it is recorded there, predictions come from it
            example = training[[DISTANCE, STATION]].head(EXAMPLE_ROWS)
            version = record.record_training(trained, signed, example, _params(features, training), scores)
            log.info(f"Recorded in MLflow as version {version} of the registered model")
    log.info(f"Saved to {paths.model.name} and {paths.encoder.name}")
    return scores


def fit(training: pd.DataFrame) -> tuple[TrainedModel, int]:
    """The model of these rows, and the size in bytes of what it was fitted on."""
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    encoder.fit(training[[STATION]])
    trained = TrainedModel(LinearRegression(), encoder)
    matrix = trained.features(training[DISTANCE].to_numpy(dtype=np.float64), training[STATION].to_list())
    trained.regression.fit(matrix, training[TARGET].to_numpy())
    return trained, matrix.nbytes


def _params(features: pd.DataFrame, training: pd.DataFrame) -> dict[str, str]:
    """What MLflow is told of how it was trained."""
    told: dict[str, object] = {
        "model_type": LinearRegression.__name__,
        "test_size": TEST_SIZE,
        "random_state": SEED,
        "data_samples": len(features),
        "training_samples": len(training),
        "stations": training[STATION].nunique(),
    }
    return {name: str(value) for name, value in told.items()}
