"""Rows that were answered, as they are stored."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from db.categories import Unlisted

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Moments = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class LiveRows:
    """Samples. numbers, at: (rows,); features: (rows, features), NaN where missing. at: UTC, microseconds.

    unlisted: names of categories that are NaN in features.
    """

    numbers: Integers
    features: Floats
    at: Moments
    unlisted: Unlisted = field(default_factory=dict)


@dataclass(frozen=True)
class LivePredictions:
    """What models said of samples; each (rows,), probabilities NaN where a model gives none."""

    numbers: Integers
    labels: Floats
    probabilities: Floats
    deployments: Integers
    at: Moments


@dataclass(frozen=True)
class FeedbackOutcome:
    """What became of truths that were sent, each sample counted once.

    unknown: how many there are no samples of; first_unknown: the smallest of their numbers.
    """

    stored: int
    replaced: int
    unchanged: int
    unknown: int
    first_unknown: list[int]
