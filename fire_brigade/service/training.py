"""Parting features, fitting a linear regression on them, and scoring it."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import max_error, mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder

from fire_brigade.persistence.model.trained_model import (
    DISTANCE,
    STATION,
    TARGET,
    Floats,
    Scores,
    TrainedModel,
)
from fleet.errors import ConflictError
from fleet.settings import SEED

TEST_SIZE = 0.25
LEAST_ROWS = 8  # of which two are for testing: r² of fewer is undefined


class TooFewRowsError(ConflictError):
    """So few rows cannot be parted into training and testing."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"The features have {rows} rows; at least {LEAST_ROWS} are needed",
            "Build features from more records: GET /process_data, then GET /build_features",
        )


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
    matrix = trained.features(*calls(training))
    trained.regression.fit(matrix, training[TARGET].to_numpy())
    return trained, matrix.nbytes


def calls(rows: pd.DataFrame) -> tuple[Floats, list[str]]:
    """The distances and the stations."""
    return rows[DISTANCE].to_numpy(dtype=np.float64), rows[STATION].to_list()


def score(true: Floats, predicted: Floats) -> Scores:
    """Both in seconds, at least two of each."""
    measures = {
        "mse": mean_squared_error,
        "r2_score": r2_score,
        "mae": mean_absolute_error,
        "max_error": max_error,
    }
    return {name: float(measure(true, predicted)) for name, measure in measures.items()}


def params(features: pd.DataFrame, training: pd.DataFrame) -> dict[str, str]:
    """What MLflow is told of how it was trained."""
    return {
        "model_type": LinearRegression.__name__,
        "test_size": str(TEST_SIZE),
        "random_state": str(SEED),
        "data_samples": str(len(features)),
        "training_samples": str(len(training)),
        "stations": str(training[STATION].nunique()),
    }
