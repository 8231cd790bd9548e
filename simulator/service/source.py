"""What every source of rows looks like."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows with these numbers.

    features: (rows, features), categories as positions, NaN where missing or not listed; target: (rows,).
    """

    features: Floats
    target: Floats


@dataclass(frozen=True)
class UnlistedNames:
    """What a category is called in a file beside its listed names.

    names: those; positions: (count,), where the names of all rows are in the list that these go on with, NaN
    of rows with a listed name or none.
    """

    names: tuple[str, ...]
    positions: Floats


@dataclass(frozen=True)
class Source:
    """All rows of a use case, of which only those that are asked for are made.

    count: how many there are; classes: (count,), what to stratify by, or None; rows: makes rows by their
    numbers. The same numbers, asked for together, always give the same rows. sets: their numbers by set,
    where the source itself says which is where. unlisted: by feature, of categories that have some.
    """

    count: int
    classes: Indexes | None
    rows: Callable[[Indexes], Rows]
    sets: Mapping[str, Indexes] | None = None
    unlisted: Mapping[str, UnlistedNames] = field(default_factory=dict)
