"""Rows that are ready to be stored as one set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class SimulatedSet:
    """The rows of one set.

    sample_index: (rows,), row numbers in the source; features: (rows, features), NaN where missing;
    target: (rows,). unlisted: by feature, names beside a category's listed ones, whose positions go on.
    """

    sample_index: npt.NDArray[np.int64]
    features: npt.NDArray[np.float64]
    target: npt.NDArray[np.float64]
    unlisted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
