"""Makes production data worse than what a model was trained on, as much as is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from db.definition import Feature, FeatureType
from fleet.errors import InvalidRequestError
from fleet.settings import SEED

Floats = npt.NDArray[np.float64]

REFERENCE_OFFSET_DEVIATION = 0.3
REFERENCE_MISSING_SHARE = 0.03
OUTLIER_DEVIATIONS = 8
LARGEST_WHOLE = 2**53 - 1


class UnknownColumnError(InvalidRequestError):
    """Fouling names a column that the use case does not have."""

    def __init__(self, column: str, known: Sequence[str]) -> None:
        super().__init__(
            f"'fouling.columns': there is no feature '{column}'", f"Features: {', '.join(known)}"
        )


class BeyondNumbersError(InvalidRequestError):
    """Fouling makes values that cannot be stored."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(
            f"'fouling': values of '{column}' would be {what}",
            "Ask for less 'fouling.scale', 'fouling.shift', 'fouling.noise' or 'fouling.outliers', "
            "or leave the column out of 'fouling.columns'",
        )


@dataclass(frozen=True)
class Fouling:
    """How production is fouled, feature by feature.

    shift, noise: in standard deviations of the training column; scale: factor on the values; missing,
    outliers: share of the values that are set to null, or thrown 8 deviations off; columns: which features
    (None: all); rows: share of the rows that any of this happens to; seed: of all draws.

    Of a category nothing can be shifted or scaled: outliers, and half of noise, are shares of its values that
    are swapped for another category.
    """

    shift: float = 0.0
    scale: float = 1.0
    noise: float = 0.0
    missing: float = 0.0
    outliers: float = 0.0
    columns: tuple[str, ...] | None = None
    rows: float = 1.0
    seed: int = SEED


HEAVY = Fouling(shift=1.5, noise=1.0, missing=0.2, outliers=0.05)


def foul_as_reference(features: Floats, categories: Sequence[int] = (), seed: int = SEED) -> Floats:
    """One normal offset (deviation 0.3) on every number, then 3 % of each column missing, at least one row.

    categories: of each column how many it has, 0 for numbers; without it all are numbers.
    """
    random = np.random.RandomState(seed)  # the legacy generator: its first draw is what people have seen
    fouled = features + random.normal(0, REFERENCE_OFFSET_DEVIATION)
    listed = np.flatnonzero(categories)
    fouled[:, listed] = features[:, listed]
    missing = max(1, round(REFERENCE_MISSING_SHARE * len(fouled)))
    for column in range(fouled.shape[1]):
        fouled[random.choice(len(fouled), size=missing, replace=False), column] = np.nan
    return fouled


def foul(
    features: Floats,
    training: Floats,
    names: Sequence[str],
    fouling: Fouling,
    categories: Sequence[int] = (),
) -> Floats:
    """A fouled copy of `features`, (rows, features); `training` gives the deviations, column by column.

    categories: of each column how many it has, 0 for numbers; without it all are numbers.
    Raises UnknownColumnError, BeyondNumbersError.
    """
    random = np.random.default_rng(fouling.seed)
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = np.nanstd(training, axis=0)
    fouled = features.copy()
    rows = np.sort(random.choice(len(fouled), size=round(fouling.rows * len(fouled)), replace=False))
    for column in _columns(names, fouling):
        values = fouled[rows, column]
        if categories and categories[column]:
            values = _swap(values, categories[column], fouling, random)
        else:
            known = ~np.isnan(values)
            values = _foul_numbers(values, float(deviations[column]), fouling, random)
            if not np.isfinite(values[known]).all():
                raise BeyondNumbersError(names[column], "infinite")
        values[random.choice(len(rows), size=round(fouling.missing * len(rows)), replace=False)] = np.nan
        fouled[rows, column] = values
    return fouled


def refuse_inexact(fouled: Floats, features: Sequence[Feature]) -> None:
    """Raise BeyondNumbersError if a whole number, of (rows, features), is so large that doubles skip some."""
    for values, feature in zip(fouled.T, features, strict=True):
        if feature.type is FeatureType.INTEGER and (np.abs(np.rint(values)) > LARGEST_WHOLE).any():
            raise BeyondNumbersError(feature.name, f"whole numbers beyond ±{LARGEST_WHOLE}")


def _columns(names: Sequence[str], fouling: Fouling) -> list[int]:
    if fouling.columns is None:
        return list(range(len(names)))
    for name in fouling.columns:
        if name not in names:
            raise UnknownColumnError(name, names)
    return [number for number, name in enumerate(names) if name in fouling.columns]


def _foul_numbers(values: Floats, deviation: float, fouling: Fouling, random: np.random.Generator) -> Floats:
    count = len(values)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is looked for afterwards
        fouled = values * fouling.scale + fouling.shift * deviation
        fouled += random.normal(0, 1, count) * fouling.noise * deviation
        outliers = random.choice(count, size=round(fouling.outliers * count), replace=False)
        fouled[outliers] += random.choice([-1, 1], size=len(outliers)) * OUTLIER_DEVIATIONS * deviation
    return np.asarray(fouled)


def _swap(values: Floats, categories: int, fouling: Fouling, random: np.random.Generator) -> Floats:
    """Some positions moved on, round the list, by less than its length: each to another category."""
    share = min(1.0, fouling.outliers + fouling.noise / 2)
    swapped = random.choice(len(values), size=round(share * len(values)), replace=False)
    fouled = values.copy()
    if categories > 1:
        steps = random.integers(1, categories, len(swapped))
        fouled[swapped] = (fouled[swapped] + steps) % categories
    return fouled
