"""A reference and a current set side by side, with everything that is computed about them once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from monitoring.persistence.model.judged_sets import PREDICTION, TARGET
from monitoring.service.drift import Drift, measure_drift
from monitoring.service.evidence.drift import ColumnTest
from monitoring.service.moves import moves
from monitoring.service.profile import ColumnProfile

Side = Literal["reference", "current"]
SIDES: tuple[Side, Side] = ("reference", "current")
UNLISTED = "(not listed)"  # how the names that are in no list are called together
TOLD_NAMES = 10
LONGEST_TOLD = 60


@dataclass(frozen=True)
class Comparison:
    """What all groups of checks are handed.

    reference, current: frames with the feature columns, `target` and `prediction`, one row a sample; a target
    that is not known is NaN.
    features: names of the feature columns.
    categorical: columns that hold classes, or positions of categories, rather than numbers.
    categories: the names that positions stand for, by column; the position after the last is UNLISTED.
    unlisted: names in current that are not listed, by column.

    What is asked about the target is asked of the rows whose truth is known.
    """

    reference: pd.DataFrame
    current: pd.DataFrame
    features: tuple[str, ...]
    categorical: frozenset[str] = frozenset({TARGET, PREDICTION})
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unlisted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    _labelled: dict[Side, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)
    _profiles: dict[tuple[Side, str], ColumnProfile] = field(default_factory=dict, init=False, repr=False)
    _drifts: dict[str, Drift] = field(default_factory=dict, init=False, repr=False)
    _moves: dict[str, tuple[ColumnTest, ...]] = field(default_factory=dict, init=False, repr=False)

    @property
    def columns(self) -> tuple[str, ...]:
        """All that can be compared: the target is left out where `without_truth` names a side."""
        return *self.features, *(() if self.without_truth else (TARGET,)), PREDICTION

    @property
    def without_truth(self) -> tuple[Side, ...]:
        """The sides that have rows, but no truth about any."""
        return tuple(side for side in SIDES if len(self.frame(side)) and self.labelled(side).empty)

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
        return f"{value:g}" if names is None else (*names, UNLISTED)[int(value)]

    def unlisted_text(self, column: str) -> str:
        """A sentence about the names in current that are not listed, to come after another; or nothing."""
        names = self.unlisted.get(column)
        profile = self.profile("current", column)
        rows = profile.count(len(self.categories[column])) if names else 0
        if not names or not rows:
            return ""
        more = ", ..." if len(names) > TOLD_NAMES else ""
        listed = ", ".join(map(_told, names[:TOLD_NAMES]))
        return f" {rows / profile.rows:.1%} of {column} are names that are not listed: {listed}{more}."

    def labelled(self, side: Side) -> pd.DataFrame:
        """The rows whose target is known."""
        if side not in self._labelled:
            frame = self.frame(side)
            known = frame[TARGET].notna()
            if not known.all():
                frame = frame[known]
            if TARGET in self.categorical and frame[TARGET].dtype != frame[PREDICTION].dtype:
                frame = frame.astype({TARGET: frame[PREDICTION].dtype})
            self._labelled[side] = frame
        return self._labelled[side]

    def frame(self, side: Side) -> pd.DataFrame:
        return self.reference if side == "reference" else self.current

    def profile(self, side: Side, column: str) -> ColumnProfile:
        """Statistics of a column; one that the frame lacks counts as missing in every row."""
        if (side, column) not in self._profiles:
            frame = self.labelled(side) if column == TARGET else self.frame(side)
            if column not in frame:
                frame = pd.DataFrame({column: np.nan}, index=frame.index)
            self._profiles[side, column] = ColumnProfile(frame[column])
        return self._profiles[side, column]

    def moves(self, column: str) -> tuple[ColumnTest, ...]:
        """Our own test of whether a column's values have moved; none if there is nothing to test."""
        if column not in self._moves:
            self._moves[column] = moves(
                column,
                self.profile("reference", column),
                self.profile("current", column),
                categorical=column in self.categorical,
                unlisted=len(self.categories[column]) if column in self.categories else None,
            )
        return self._moves[column]

    def became_constant(self, column: str) -> bool:
        """Whether current has one value, or none, where the reference's differ."""
        return self.profile("current", column).distinct <= 1 < self.profile("reference", column).distinct

    def empty_sides(self, column: str) -> list[Side]:
        """The sides on which a column has no values."""
        return [side for side in SIDES if not self.profile(side, column).values.size]

    def drift(self, column: str) -> Drift:
        """How far a column has drifted, by Evidently's rule."""
        if column not in self._drifts:
            self._drifts[column] = measure_drift(
                self.profile("reference", column),
                self.profile("current", column),
                categorical=column in self.categorical,
            )
        return self._drifts[column]


def _told(name: str) -> str:
    """A name as it fits into a sentence: on one line, and not too long."""
    line = name if name.isprintable() else repr(name)[1:-1]
    return line if len(line) <= LONGEST_TOLD else line[: LONGEST_TOLD - 3] + "..."
