"""Rows that are ready to be stored as one set."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class SimulatedSet:
    """The rows of one set.

    sample_index: (rows,), row numbers in the source; features: (rows, features), NaN where missing;
    target: (rows,).
    """

    sample_index: npt.NDArray[np.int64]
    features: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]
