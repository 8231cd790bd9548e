"""Predicts how long a fire engine takes to a call."""

import difflib

import numpy as np

from fire_brigade.service.ports import MetricsLog, ReadModel
from fleet.errors import InvalidRequestError, NotFoundError

FARTHEST_KM = 20_040  # half the way round the Earth: no two places are farther apart
CLOSE_MATCHES, LEAST_LIKENESS = 3, 0.5
SUCCESS_METRIC, FEATURES_METRIC, RESULT_METRIC = "success", "num_features", "prediction_result"


class InvalidDistanceError(InvalidRequestError):
    """A distance that no call has."""

    def __init__(self) -> None:
        super().__init__(
            f"distance must be a number from 0 to {FARTHEST_KM}", "Give the distance to the call in km"
        )


class UnknownStationError(NotFoundError):
    """The model was trained on no call that this station answered."""

    def __init__(self, station: str, known: tuple[str, ...]) -> None:
        close = close_names(station, known)
        advice = f"Did you mean {' or '.join(close)}?" if close else "Use the name of a station of the data"
        super().__init__(f"The model knows no station '{station}'", advice)


def predict_model(distance: float, station: str, read: ReadModel, log: MetricsLog) -> float:
    """Seconds from the call to the arrival. distance: in km; station: its name in the data.

    Raises InvalidDistanceError, UnknownStationError, and whatever reading the model does.
    """
    try:
        seconds, features = _predicted(distance, station, read)
    except BaseException:
        log.debug("No prediction was made", metrics={SUCCESS_METRIC: 0})
        raise
    log.info(
        f"{seconds:.1f} s predicted for {distance} km from {station}",
        metrics={SUCCESS_METRIC: 1, FEATURES_METRIC: features, RESULT_METRIC: seconds},
    )
    return seconds


def close_names(station: str, known: tuple[str, ...]) -> list[str]:
    """Names that look like this one, in whichever case; the most alike first."""
    folded = {name.casefold(): name for name in known}
    matches = difflib.get_close_matches(station.casefold(), folded, CLOSE_MATCHES, LEAST_LIKENESS)
    return [folded[match] for match in matches]


def _predicted(distance: float, station: str, read: ReadModel) -> tuple[float, int]:
    if not 0 <= distance <= FARTHEST_KM:  # which NaN is not either
        raise InvalidDistanceError
    model = read()
    if station not in model.stations:
        raise UnknownStationError(station, model.stations)
    return float(model.predict(np.array([distance], np.float64), [station])[0]), model.feature_count
