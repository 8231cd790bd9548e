"""Rows of a stored set, scored."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ScoredBlock:
    """What a model says of samples; each (rows,). target: NaN where unknown."""

    sample_index: npt.NDArray[np.int64]
    target: Floats
    labels: Floats
    probabilities: Floats | None
