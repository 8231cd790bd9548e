"""A column of one set, described once: everything the checks ask about it comes from one sorted copy."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True)
class ColumnProfile:
    """Lazy statistics of a column; whatever is not a number counts as missing.

    series: the column as it was read, one value a row.
    """

    series: "pd.Series[Any]"

    @cached_property
    def values(self) -> Values:
        """Ascending, without the missing ones; infinities included."""
        numbers = pd.to_numeric(self.series, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        ascending = np.sort(numbers)  # missing ones last
        return ascending[: ascending.size - np.count_nonzero(np.isnan(ascending))]

    @cached_property
    def finite(self) -> Values:
        """Ascending, without the missing and the infinite ones: what drift is measured on."""
        first = np.searchsorted(self.values, -np.inf, side="right")
        last = np.searchsorted(self.values, np.inf, side="left")
        return self.values[first:last]

    @property
    def rows(self) -> int:
        return len(self.series)

    @property
    def missing(self) -> int:
        return self.rows - self.values.size

    @property
    def missing_share(self) -> float:
        """Between 0 and 1; 1 for a column without rows."""
        return self.missing / self.rows if self.rows else 1.0

    @cached_property
    def _run_starts(self) -> NDArray[np.intp]:
        changes = np.flatnonzero(self.values[1:] != self.values[:-1]) + 1
        return np.concatenate(([0], changes)) if self.values.size else np.empty(0, dtype=np.intp)

    @property
    def distinct(self) -> int:
        """How many different values there are, missing ones not counted."""
        return int(self._run_starts.size)

    @cached_property
    def categories(self) -> Values:
        """The different values, ascending."""
        return self.values[self._run_starts]

    @property
    def constant(self) -> bool:
        """Whether all values are one; a column without values is not constant."""
        return self.distinct == 1

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How often each of `categories` occurs."""
        return np.diff(self._run_starts, append=self.values.size).astype(np.int64)

    def counts_of(self, values: Values) -> NDArray[np.int64]:
        """How often each of these values occurs; they ascend."""
        ends = np.searchsorted(self.values, values, side="right")
        return (ends - np.searchsorted(self.values, values, side="left")).astype(np.int64)

    @cached_property
    def most_common(self) -> float:
        """The most frequent value; NaN for a column without values."""
        if self.distinct == self.values.size:
            return float(self.values[0]) if self.values.size else float("nan")
        return float(self.categories[self.counts.argmax()])

    @cached_property
    def most_common_share(self) -> float:
        """Share of all rows that hold the most frequent value; 0 for a column without values."""
        return self.count(self.most_common) / self.rows if self.values.size else 0.0

    @cached_property
    def mean(self) -> float:
        """Of the finite values; NaN if there are none."""
        return float(self.finite.mean()) if self.finite.size else float("nan")

    @cached_property
    def sample_std(self) -> float:
        """Sample standard deviation (n - 1) of the finite values; 0 if there are fewer than two."""
        size = self.finite.size
        return self.population_std * math.sqrt(size / (size - 1)) if size > 1 else 0.0

    @cached_property
    def population_std(self) -> float:
        """Population standard deviation (n) of the finite values; NaN if there are none."""
        return float(self.finite.std()) if self.finite.size else float("nan")

    def count(self, value: float) -> int:
        """Rows that hold exactly this value."""
        first, last = (np.searchsorted(self.values, value, side=side) for side in ("left", "right"))
        return int(last - first)

    def outside(self, low: float, high: float) -> int:
        """Rows whose value is below low or above high."""
        below = int(np.searchsorted(self.values, low, side="left"))
        return below + self.values.size - int(np.searchsorted(self.values, high, side="right"))

    def unlisted(self, known: Values) -> int:
        """Rows whose value is not among the known ones."""
        return int(self.counts[~np.isin(self.categories, known)].sum())
