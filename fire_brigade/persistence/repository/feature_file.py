"""Reads the features that trainings and evaluations are made from."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TARGET
from fire_brigade.persistence.repository.table_files import read_table
from fleet.errors import ConflictError, InvalidRequestError

COLUMNS = (TARGET, STATION, DISTANCE)


class NoFeaturesError(ConflictError):
    """There is no file of features yet."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file of features {name} is not there",
            "Call GET /process_data and then GET /build_features (process-data and build-features on the "
            "command line), or name another file in data_path",
        )


class UnreadableFeaturesError(InvalidRequestError):
    """The file is not one of features."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The file {name} cannot be used as features: {reason}",
            f"Give a CSV file with the columns {', '.join(COLUMNS)}, as build_features writes it",
        )


def read_features(path: Path) -> pd.DataFrame:
    """The three columns of the file, without gaps and with finite numbers.

    Raises NoFeaturesError, UnreadableFeaturesError.
    """
    options: dict[str, Any] = {"usecols": lambda name: name in COLUMNS, "dtype": {STATION: str}}
    try:
        read = read_table(path, COLUMNS, UnreadableFeaturesError, **options)
    except FileNotFoundError as error:
        raise NoFeaturesError(path.name) from error
    for name in (TARGET, DISTANCE):
        if not pd.api.types.is_numeric_dtype(read[name]):
            raise UnreadableFeaturesError(path.name, f"not all values of {name} are numbers")
        infinite = np.flatnonzero(np.isinf(read[name]))
        if infinite.size:
            raise UnreadableFeaturesError(path.name, f"{name} of row {infinite[0] + 1} is infinite")
    if read.isna().any(axis=None):
        raise UnreadableFeaturesError(path.name, "values are missing")
    return read.astype({TARGET: float, DISTANCE: float, STATION: object})
