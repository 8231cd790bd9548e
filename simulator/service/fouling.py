"""Makes production data worse than what a model was trained on, as much as is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from db.definition import Feature, FeatureType
from fleet.errors import InvalidRequestError
from fleet.settings import SEED

Floats = npt.NDArray[np.float64]
Level = Literal["reference", "heavy", "none"]

REFERENCE_OFFSET_DEVIATION = 0.3
REFERENCE_MISSING_SHARE = 0.03
OUTLIER_DEVIATIONS = 8
LARGEST_WHOLE = 2**53 - 1
LABELS = 1  # of the draws that are about them


class UnknownColumnError(InvalidRequestError):
    """Fouling names a column that the use case does not have."""

    def __init__(self, column: str, known: Sequence[str]) -> None:
        super().__init__(
            f"'fouling.columns': there is no feature '{column}'", f"Features: {', '.join(known)}"
        )


class NoClassesError(InvalidRequestError):
    """Labels can be swapped of classes only."""

    def __init__(self) -> None:
        super().__init__(
            "'fouling.swap_labels': the target of a regression is no class that could be swapped for another",
            "Leave 'fouling.swap_labels' out, or name a use case that is a classification",
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
class Drift:
    """How much of the fouling the first row has, and how much the last one; in between it grows evenly."""

    begin: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class Fouling:
    """How production is fouled, feature by feature.

    shift, noise: in standard deviations of the training column; scale: factor on the values; missing,
    outliers: share of the values that are set to null, or thrown 8 deviations off; columns: which features
    (None: all); rows: share of the rows that any of this happens to; swap_labels: share of those whose truth
    becomes another class; drift: has shift, scale, noise and swap_labels grow from row to row; seed: of all
    draws.

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
    swap_labels: float = 0.0
    drift: Drift | None = None
    seed: int = SEED

    def strengths(self, positions: Floats) -> Floats | None:
        """How much of it each row has, 0 to 1; None: all of it. positions: from 0, the first row, to 1."""
        if self.drift is None:
            return None
        return self.drift.begin + (self.drift.end - self.drift.begin) * positions


HEAVY = Fouling(shift=1.5, noise=1.0, missing=0.2, outliers=0.05)


def foul_as_reference(
    features: Floats, categories: Sequence[int] = (), seed: int = SEED, *, block: int = 0
) -> Floats:
    """One normal offset (deviation 0.3) on every number, then 3 % of each column missing, at least one row.

    categories: of each column how many it has, 0 for numbers; without it all are numbers.
    block: of rows that come one after the other; the offset of all is the same.
    """
    random = np.random.RandomState(seed)  # the legacy generator: its first draw is what people have seen
    fouled = features + random.normal(0, REFERENCE_OFFSET_DEVIATION)
    if block:
        random = np.random.RandomState([seed, block])
    listed = np.flatnonzero(categories)
    fouled[:, listed] = features[:, listed]
    missing = max(1, round(REFERENCE_MISSING_SHARE * len(fouled)))
    for column in range(fouled.shape[1]):
        fouled[random.choice(len(fouled), size=missing, replace=False), column] = np.nan
    return fouled


def foul(  # noqa: PLR0913  # what is fouled, and how, are both of several parts
    features: Floats,
    training: Floats,
    names: Sequence[str],
    fouling: Fouling,
    categories: Sequence[int] = (),
    *,
    positions: Floats | None = None,
) -> Floats:
    """A fouled copy of `features`, (rows, features); `training` gives the deviations, column by column.

    categories: of each column how many it has, 0 for numbers; without it all are numbers.
    positions: of the rows in what drifts, 0 to 1; without it they are all that there is, in this order.
    Raises UnknownColumnError, BeyondNumbersError.
    """
    random = np.random.default_rng(fouling.seed)
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = np.nanstd(training, axis=0)
    fouled = features.copy()
    rows = _fouled_rows(len(fouled), fouling, random)
    strengths = _strengths(len(fouled), rows, fouling, positions)
    for column in _columns(names, fouling):
        values = fouled[rows, column]
        if categories and categories[column]:
            values = _swap(values, categories[column], fouling, random, strengths)
        else:
            known = ~np.isnan(values)
            values = _foul_numbers(values, float(deviations[column]), fouling, random, strengths)
            if not np.isfinite(values[known]).all():
                raise BeyondNumbersError(names[column], "infinite")
        values[random.choice(len(rows), size=round(fouling.missing * len(rows)), replace=False)] = np.nan
        fouled[rows, column] = values
    return fouled


def swap_labels(
    target: Floats,
    classes: npt.NDArray[np.int64] | None,
    fouling: Fouling,
    positions: Floats | None = None,
) -> Floats:
    """The target, (rows,), of which a share is another class: of the rows that `foul` fouls.

    classes: all that there are, ascending; None of a regression. positions: as of `foul`.
    Raises NoClassesError.
    """
    if not fouling.swap_labels:
        return target
    if classes is None:
        raise NoClassesError
    if len(classes) < 2:
        return target
    rows = _fouled_rows(len(target), fouling, np.random.default_rng(fouling.seed))
    random = np.random.default_rng([fouling.seed, LABELS])
    strengths = _strengths(len(target), rows, fouling, positions)
    swapped = rows[_chosen(len(rows), fouling.swap_labels, random, strengths)]
    places = np.searchsorted(classes, target[swapped]) + random.integers(1, len(classes), len(swapped))
    fouled = target.copy()
    fouled[swapped] = classes[places % len(classes)]
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


def _fouled_rows(count: int, fouling: Fouling, random: np.random.Generator) -> npt.NDArray[np.int64]:
    return np.sort(random.choice(count, size=round(fouling.rows * count), replace=False))


def _strengths(
    count: int, rows: npt.NDArray[np.int64], fouling: Fouling, positions: Floats | None
) -> Floats | None:
    whole = fouling.strengths(np.linspace(0, 1, count) if positions is None else positions)
    return None if whole is None else whole[rows]


def _foul_numbers(
    values: Floats,
    deviation: float,
    fouling: Fouling,
    random: np.random.Generator,
    strengths: Floats | None,
) -> Floats:
    count = len(values)
    strength: Floats | float = 1.0 if strengths is None else strengths
    # As it was asked for where nothing grows: 1 + (scale - 1) is not always the same number.
    scale = fouling.scale if strengths is None else 1 + (fouling.scale - 1) * strengths
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is looked for afterwards
        fouled = values * scale + fouling.shift * strength * deviation
        fouled += random.normal(0, 1, count) * fouling.noise * strength * deviation
        outliers = random.choice(count, size=round(fouling.outliers * count), replace=False)
        fouled[outliers] += random.choice([-1, 1], size=len(outliers)) * OUTLIER_DEVIATIONS * deviation
    return np.asarray(fouled)


def _swap(
    values: Floats,
    categories: int,
    fouling: Fouling,
    random: np.random.Generator,
    strengths: Floats | None,
) -> Floats:
    """Some positions moved on, round the list, by less than its length: each to another category."""
    if strengths is None:
        swapped = _chosen(len(values), min(1.0, fouling.outliers + fouling.noise / 2), random, None)
    else:
        swapped = _chosen(len(values), 1.0, random, fouling.outliers + fouling.noise / 2 * strengths)
    fouled = values.copy()
    if categories > 1:
        steps = random.integers(1, categories, len(swapped))
        fouled[swapped] = (fouled[swapped] + steps) % categories
    return fouled


def _chosen(
    count: int, share: float, random: np.random.Generator, strengths: Floats | None
) -> npt.NDArray[np.int64]:
    """A share of so many rows, the more often the greater a row's strength, 0 to 1, is."""
    if strengths is None:
        return random.choice(count, size=round(share * count), replace=False)
    return np.flatnonzero(random.random(count) < share * strengths)
