"""How trainings and evaluations part the rows, and measure predictions."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import max_error, mean_absolute_error, mean_squared_error, r2_score
from sklearn.model_selection import train_test_split

from fire_brigade.persistence.model.scores import Scores
from fleet.errors import ConflictError
from fleet.settings import SEED

TEST_SIZE = 0.25
LEAST_ROWS = 8  # of which two are for testing: r² of fewer is undefined

Floats = npt.NDArray[np.float64]


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


def score(true: Floats, predicted: Floats) -> Scores:
    """Both in seconds, at least two of each."""
    return Scores(
        mse=float(mean_squared_error(true, predicted)),
        r2_score=float(r2_score(true, predicted)),
        mae=float(mean_absolute_error(true, predicted)),
        max_error=float(max_error(true, predicted)),
    )
