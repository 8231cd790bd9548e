"""Wine's training rows, as the database would hand them over."""

import numpy as np
import pytest

from tests.searches import wine_rows
from tracking.persistence.model.search import TrainingSet


@pytest.fixture(scope="session")
def wine() -> TrainingSet:
    """106 rows in the order of the split."""
    return wine_rows()


@pytest.fixture(scope="session")
def fires() -> TrainingSet:
    """60 rows of a regression: a distance and one of three stations, some missing, and the seconds."""
    random = np.random.default_rng(0)
    distance, station = random.uniform(0, 5, 60), random.integers(0, 3, 60).astype(float)
    seconds = 200 + 40 * distance + 50 * (station == 2) + random.normal(0, 5, 60)
    station[::9] = np.nan
    features = np.column_stack([distance, station])
    return TrainingSet("fires", ("distance", "station"), features, seconds, "regression", (0, 3))
