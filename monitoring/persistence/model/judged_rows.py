"""Rows with what a deployment said of them, in arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from db.references import OutOfFold

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JudgedRows:
    """Rows in order of arrival, and what one deployment predicted of them.

    features: (rows, features), a category as its position in the feature's list, the position after the last
    for every name that is not in it, NaN where missing. target, prediction, probability: (rows,), NaN where
    unknown; the probability is the predicted class's.
    """

    features: Floats
    target: Floats
    prediction: Floats
    probability: Floats

    def __len__(self) -> int:
        return len(self.target)

    def part(self, rows: slice | NDArray[np.bool_]) -> "JudgedRows":
        """Some of them."""
        return JudgedRows(
            self.features[rows], self.target[rows], self.prediction[rows], self.probability[rows]
        )

    @classmethod
    def joined(cls, parts: Sequence["JudgedRows"]) -> "JudgedRows":
        """The rows of all parts, one part after the other."""
        return cls(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(cls)))

    @property
    def predicted(self) -> NDArray[np.bool_]:
        """Whether the deployment has predicted a row, (rows,)."""
        return ~np.isnan(self.prediction)

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """Whether a row's loss can be known, (rows,)."""
        return self.predicted & ~np.isnan(self.target)


@dataclass(frozen=True)
class LearnedRows:
    """Rows that a deployment learned from, as in JudgedRows, in the order of its snapshot.

    out_of_fold: what models that had not seen them say of them; None if that was not made.
    """

    features: Floats
    target: Floats
    out_of_fold: OutOfFold | None
