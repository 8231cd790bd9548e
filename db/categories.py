"""Categories in arrays: a name is its position in the feature's list, NaN where it is missing or unknown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from db.definition import Feature, FeatureType

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.bytes_]
Unlisted = Mapping[str, Mapping[int, str]]  # by feature, by row: names in no list, as they are stored

LONGEST_NAME = 200  # characters, as of listed names; what is left of an unlisted one
UTF_8_BYTES = 4  # of a character, at most
NUMBER_BYTES = 8
MOST_ROWS = 50_000
ENCODED_BYTES = 2**24


def as_stored(name: str) -> str:
    """What is kept of a name."""
    return name[:LONGEST_NAME]


def positions_by_name(categories: Sequence[str]) -> dict[str, float]:
    """Where each name is in the list."""
    return {name: float(position) for position, name in enumerate(categories)}


def to_positions(categories: Sequence[str], names: Sequence[str | None]) -> Floats:
    """Positions of the names, (rows,); NaN for None and for names that are not listed."""
    known = positions_by_name(categories)
    return np.array([known.get(name, np.nan) if name else np.nan for name in names], dtype=np.float64)


def to_names(categories: Sequence[str], positions: Floats) -> Names:
    """The names, (rows,), in UTF-8; empty where the position is NaN. positions: whole numbers, or NaN."""
    places = np.where(np.isnan(positions), 0, positions + 1).astype(np.intp)
    used = np.zeros(len(categories) + 1, dtype=bool)  # each value is as wide as the longest of them
    used[0] = used[places] = True
    encoded = np.array([b"", *(categories[place - 1].encode() for place in np.flatnonzero(used)[1:])])
    return np.asarray(encoded[(np.cumsum(used) - 1)[places]])


def with_unlisted(
    categories: Sequence[str], positions: Floats, unlisted: Mapping[int, str]
) -> tuple[Sequence[str], Floats]:
    """The names and the positions, gone on with the names of some rows that are in no list."""
    if not unlisted:
        return categories, positions
    others = {name: place for place, name in enumerate(dict.fromkeys(unlisted.values()), len(categories))}
    complete = positions.copy()
    complete[list(unlisted)] = [others[name] for name in unlisted.values()]
    return [*categories, *others], complete


def rows_at_once(features: Sequence[Feature]) -> int:
    """How many rows may be encoded together: names are all as wide as the longest."""
    widest = sum(
        LONGEST_NAME * UTF_8_BYTES if feature.type is FeatureType.CATEGORY else NUMBER_BYTES
        for feature in features
    )
    return min(MOST_ROWS, max(1, ENCODED_BYTES // widest))


def to_matrix(features: Sequence[Feature], columns: Mapping[str, Sequence[Any]]) -> Floats:
    """Values by feature name as one matrix, (rows, features), as models take it.

    columns: of a category its names, of the others numbers; None where missing. All of one length.
    """
    matrix = [
        to_positions(feature.categories, columns[feature.name])
        if feature.type is FeatureType.CATEGORY
        else np.asarray(columns[feature.name], dtype=np.float64)
        for feature in features
    ]
    return np.column_stack(matrix)
