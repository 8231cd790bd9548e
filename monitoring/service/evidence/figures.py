"""What the tests of the loop need to know of rows: sorted columns, counts and sums, never rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ColumnFigures:
    """One column of one side, as the tests need it. `+` pools two sets of rows.

    rows: all of them; missing: of these.
    values: ascending, of numbers, infinities included; empty for a category.
    counts: of a category, rows by position in its list, the last position for every name that is not listed;
    None for numbers.
    """

    rows: int
    missing: int
    values: NDArray[np.float64]
    counts: NDArray[np.int64] | None = None

    def __add__(self, other: "ColumnFigures") -> "ColumnFigures":
        counts = None
        if self.counts is not None and other.counts is not None:
            counts = self.counts + other.counts
        values = np.concatenate([self.values, other.values])
        values.sort(kind="stable")  # quick on what is two sorted runs
        return ColumnFigures(self.rows + other.rows, self.missing + other.missing, values, counts)


Side = Mapping[str, ColumnFigures]
"""By column; the prediction's column is `monitoring.persistence.model.judged_sets.PREDICTION`."""


def number_figures(values: NDArray[np.float64]) -> ColumnFigures:
    """The figures of a column of numbers, (rows,), NaN where one is missing."""
    present = np.sort(values[~np.isnan(values)])
    return ColumnFigures(len(values), len(values) - len(present), present)


def category_figures(positions: NDArray[np.float64], listed: int) -> ColumnFigures:
    """The figures of a category of so many listed names: positions in its list, (rows,), NaN where one is
    missing, `listed` or more where the name is not listed."""
    present = positions[~np.isnan(positions)].clip(0, listed).astype(np.int64)
    counts = np.bincount(present, minlength=listed + 1).astype(np.int64)
    return ColumnFigures(len(positions), len(positions) - len(present), np.empty(0), counts)


def pooled(first: Side, second: Side) -> Side:
    """The rows of both together. Both have the same columns."""
    return {name: figures + second[name] for name, figures in first.items()}


@dataclass(frozen=True)
class LossSums:
    """Losses of some rows, by their power sums about 0: rows, total, squares, cubes. They add up with `+`."""

    rows: int = 0
    total: float = 0.0
    squares: float = 0.0
    cubes: float = 0.0

    def __add__(self, other: "LossSums") -> "LossSums":
        return LossSums(
            self.rows + other.rows,
            self.total + other.total,
            self.squares + other.squares,
            self.cubes + other.cubes,
        )

    @property
    def mean(self) -> float:
        """The mean loss; of at least one row."""
        return self.total / self.rows
