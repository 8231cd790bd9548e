"""A reference and a current set side by side, with everything that is computed about them once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.drift import Drift, measure_drift
from monitoring.service.profile import ColumnProfile

Side = Literal["reference", "current"]


@dataclass(frozen=True)
class Comparison:
    """What all groups of checks are handed.

    reference, current: frames with the feature columns, `target` and `prediction`, one row a sample.
    features: names of the feature columns.
    categorical: columns that hold classes, or positions of categories, rather than numbers.
    categories: the names that positions stand for, by column.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    features: tuple[str, ...]
    categorical: frozenset[str] = frozenset({TARGET, PREDICTION})
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _profiles: dict[tuple[Side, str], ColumnProfile] = field(default_factory=dict, init=False, repr=False)
    _drifts: dict[str, Drift] = field(default_factory=dict, init=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        return *self.features, TARGET, PREDICTION

    @property
    def columns_without_target(self) -> tuple[str, ...]:
        return *self.features, PREDICTION

    @property
    def numbers(self) -> tuple[str, ...]:
        """The features that are numbers."""
        return tuple(name for name in self.features if name not in self.categorical)

    def value_text(self, column: str, value: float) -> str:
        """A value as people know it: a category by its name."""
        names = self.categories.get(column)
        return f"{value:g}" if names is None else names[int(value)]

    def frame(self, side: Side) -> pd.DataFrame:
        return self.reference if side == "reference" else self.current

    def profile(self, side: Side, column: str) -> ColumnProfile:
        """Statistics of a column; one that the frame lacks counts as missing in every row."""
        if (side, column) not in self._profiles:
            frame = self.frame(side)
            if column not in frame:
                frame = pd.DataFrame({column: np.nan}, index=frame.index)
            self._profiles[side, column] = ColumnProfile(frame[column])
        return self._profiles[side, column]

    def drift(self, column: str) -> Drift:
        """How far a column has drifted."""
        if column not in self._drifts:
            self._drifts[column] = measure_drift(
                self.profile("reference", column),
                self.profile("current", column),
                categorical=column in self.categorical,
            )
        return self._drifts[column]
