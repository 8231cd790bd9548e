"""Categories in arrays: a name is its position in the feature's list, NaN where it is missing or unknown."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from db.definition import Feature, FeatureType

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.bytes_]


def positions_by_name(categories: Sequence[str]) -> dict[str, float]:
    """Where each name is in the list."""
    return {name: float(position) for position, name in enumerate(categories)}


def to_positions(categories: Sequence[str], names: Sequence[str | None]) -> Floats:
    """Positions of the names, (rows,); NaN for None and for names that are not listed."""
    known = positions_by_name(categories)
    return np.array([known.get(name, np.nan) if name else np.nan for name in names], dtype=np.float64)


def to_names(categories: Sequence[str], positions: Floats) -> Names:
    """The names, (rows,), in UTF-8; empty where the position is NaN. positions: whole numbers, or NaN."""
    encoded = np.array([b"", *(name.encode() for name in categories)])
    return np.asarray(encoded[np.where(np.isnan(positions), 0, positions + 1).astype(np.intp)])


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
