"""Samples of a stored set, scored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """What a model says of samples; each (rows,), or no probabilities."""

    sample_index: npt.NDArray[np.int64]
    labels: Floats
    probabilities: Floats | None


def in_order(parts: Sequence[Scored]) -> Floats:
    """The labels of all parts, of which there is one, by sample_index."""
    order = np.argsort(np.concatenate([part.sample_index for part in parts]))
    return np.asarray(np.concatenate([part.labels for part in parts])[order])
