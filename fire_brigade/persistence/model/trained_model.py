"""A regression of attendance times with the encoder that it was fitted with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import OneHotEncoder

TARGET, STATION, DISTANCE = "AttendanceTimeSeconds", "DeployedFromStation_Name", "distance"

Floats = npt.NDArray[np.float64]
Scores = dict[str, float]
"""How well predicted times fit the true ones: mse in s², r2_score, mae and max_error in s."""


@dataclass(frozen=True)
class TrainedModel:
    """Predicts seconds from a distance in km and the name of a station."""

    regression: LinearRegression
    encoder: OneHotEncoder

    @property
    def stations(self) -> tuple[str, ...]:
        """The names of the stations that it was trained on."""
        return tuple(map(str, self.encoder.categories_[0]))

    def features(self, distances: Floats, stations: Sequence[str]) -> Floats:
        """What the regression takes: the distance and a column for each station, all 0 if it is unknown."""
        names = pd.DataFrame({STATION: list(stations)}, dtype=object)
        return np.column_stack([distances, self.encoder.transform(names)])

    def predict(self, distances: Floats, stations: Sequence[str]) -> Floats:
        """Attendance times in seconds, one a row."""
        predicted: Floats = self.regression.predict(self.features(distances, stations))
        return predicted
