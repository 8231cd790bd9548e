"""Turns what a request names its columns and rows into the matrix that models take.

The one place that knows what a cell of a feature is refused for; `spelling` knows how others write one.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from db.categories import Unlisted, as_stored, positions_by_name
from db.definition import FeatureType, UseCase
from fleet.errors import InvalidRequestError
from ml_model.service.live.spelling import name_as_sent, number_as_sent

Floats = npt.NDArray[np.float64]
Row = Sequence[Any] | Mapping[str, Any]

LARGEST_INTEGER = 2**53 - 1  # from 2^53 on, doubles skip some
KNOWN_ORDERS = 100
LONGEST_TEXT = 60
SURROGATE = re.compile("[\ud800-\udfff]")


class UnusableRowsError(InvalidRequestError):
    """The rows are not what the use case's models take."""

    def __init__(self, error: str, features: Sequence[str]) -> None:
        super().__init__(error, f"Give every row each of these columns, in any order: {', '.join(features)}")


class UnusableValueError(InvalidRequestError):
    """A value of a row is not what its column takes. row: from 0."""

    def __init__(self, column: str, row: int, reason: str) -> None:
        super().__init__(
            f"Column '{column}' of row {row} {reason}",
            "Give a number, of a category its name as text, or null where the value is missing",
        )


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they were sent.

    rows: lists in the order of `names`, or objects by column name; names: None for the use case's own order;
    numbers: every cell is known to be a finite number or None; free: cells may be written in every way that
    clients of MLflow's and Triton's servers have (`spelling`).
    """

    rows: Sequence[Row]
    names: Sequence[str] | None = None
    numbers: bool = False
    free: bool = False


class Columns:
    """The columns of a use case."""

    def __init__(self, use_case: UseCase) -> None:
        self._features = use_case.features
        self.names = use_case.feature_names
        self._positions = {name: position for position, name in enumerate(self.names)}
        self._integers = [
            position for position, feature in enumerate(self._features) if feature.type is FeatureType.INTEGER
        ]
        self._categories = {
            feature.name: positions_by_name(feature.categories)
            for feature in self._features
            if feature.type is FeatureType.CATEGORY
        }
        self._orders: dict[tuple[str, ...], list[int] | None] = {self.names: None}

    def matrix(self, table: Table) -> Floats:
        """(rows, features), categories as positions in their lists, NaN where missing or not in the list.

        Raises UnusableRowsError, UnusableValueError.
        """
        rows, names = table.rows, self.names if table.names is None else tuple(table.names)
        if not rows:
            raise UnusableRowsError("There are no rows", self.names)
        order = self._order(names)
        if isinstance(rows[0], Mapping):
            rows, order = self._in_order(rows), None
            names = self.names
        only_numbers = table.numbers and not self._categories
        matrix = self._numbers(rows) if only_numbers else self._cells(rows, names, free=table.free)
        if matrix is None or matrix.shape[1:] != (len(self.names),):
            raise self._uneven(rows)
        return self._whole(matrix if order is None else np.ascontiguousarray(matrix[:, order]))

    def unlisted(self, table: Table, matrix: Floats) -> Unlisted:
        """The names that models take for missing ones. matrix: what became of the table."""
        found = {}
        for feature, listed in self._categories.items():
            absent = np.flatnonzero(np.isnan(matrix[:, self._positions[feature]])).tolist()
            if not absent:
                continue
            cells = _cells_of(table, self.names, feature, absent)
            names = [name_as_sent(cell, listed) for cell in cells] if table.free else cells
            said = {row: as_stored(name) for row, name in zip(absent, names, strict=True) if name}
            if said:
                found[feature] = said
        return found

    def _order(self, names: tuple[str, ...]) -> list[int] | None:
        """Where each of the use case's columns is among these names; None if the order is its own."""
        if names not in self._orders:
            found = self._found(names)
            if len(self._orders) >= KNOWN_ORDERS:
                return found
            self._orders[names] = found
        return self._orders[names]

    def _found(self, names: tuple[str, ...]) -> list[int]:
        self._check_names(names, "")
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise UnusableRowsError(f"Column '{twice}' is named twice", self.names)
        return [names.index(name) for name in self.names]

    def _check_names(self, names: Sequence[str], where: str) -> None:
        given = set(names)
        for name in self.names:
            if name not in given:
                raise UnusableRowsError(f"Column '{name}' is missing{where}", self.names)
        for name in names:
            if name not in self._positions:
                raise UnusableRowsError(f"There is no column '{name[:LONGEST_TEXT]}'{where}", self.names)

    def _in_order(self, rows: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """Objects as lists, in the use case's order."""
        ordered = []
        for number, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise UnusableRowsError(f"Row {number} is not an object as the first one is", self.names)
            if row.keys() != self._positions.keys():
                self._check_names(list(row), f" in row {number}")
            ordered.append([row[name] for name in self.names])
        return ordered

    def _numbers(self, rows: Sequence[Any]) -> Floats | None:
        try:
            return np.array(rows, dtype=np.float64)
        except (ValueError, TypeError):
            return None

    def _cells(self, rows: Sequence[Any], names: tuple[str, ...], *, free: bool) -> Floats | None:
        """Cell by cell, to say which one is wrong."""
        matrix = np.empty((len(rows), len(names)))
        value = self._free_value if free else self._value
        for number, row in enumerate(rows):
            if not isinstance(row, Sequence) or isinstance(row, str) or len(row) != len(names):
                return None
            matrix[number] = [value(name, cell, number) for name, cell in zip(names, row, strict=True)]
        return matrix

    def _value(self, column: str, cell: object, row: int) -> float:
        listed = self._categories.get(column)
        return number_of(column, cell, row) if listed is None else position_of(column, listed, cell, row)

    def _free_value(self, column: str, cell: object, row: int) -> float:
        listed = self._categories.get(column)
        return self._value(
            column, number_as_sent(cell) if listed is None else name_as_sent(cell, listed), row
        )

    def _uneven(self, rows: Sequence[Any]) -> UnusableRowsError:
        for number, row in enumerate(rows):
            if not isinstance(row, Sequence) or isinstance(row, str):
                return UnusableRowsError(f"Row {number} is not a list of values", self.names)
            if len(row) != len(self.names):
                return UnusableRowsError(
                    f"Row {number} has {len(row)} values for {len(self.names)} columns", self.names
                )
        return UnusableRowsError("The rows cannot be read", self.names)

    def _whole(self, matrix: Floats) -> Floats:
        """The matrix, its integer columns checked."""
        for position in self._integers:
            values = matrix[:, position]
            wrong = (np.rint(values) != values) & ~np.isnan(values) | (np.abs(values) > LARGEST_INTEGER)
            if wrong.any():
                row = int(np.argmax(wrong))
                raise UnusableValueError(self.names[position], row, "is not an integer within ±(2^53 - 1)")
        return matrix


def position_of(column: str, listed: Mapping[str, float], cell: object, row: int) -> float:
    """A category's name as its position. Raises UnusableValueError.

    A name that is not listed is a missing one, NaN, as it was where the model was trained.
    """
    if cell is None:
        return math.nan
    if not isinstance(cell, str):
        raise UnusableValueError(column, row, f"is {_shown(cell)}, which is no name of a category")
    position = listed.get(cell)
    if position is None:
        _check_is_text(column, cell, row)
    return math.nan if position is None else position


def _check_is_text(column: str, name: str, row: int) -> None:
    """Raise UnusableValueError for what can be in JSON, but in no text of PostgreSQL's."""
    if "\0" in name:
        raise UnusableValueError(column, row, "holds a NUL, which no text has")
    if not name.isascii() and SURROGATE.search(name):
        raise UnusableValueError(column, row, "holds a lone surrogate, which is half a character")


def _cells_of(table: Table, names: Sequence[str], feature: str, rows: Sequence[int]) -> list[Any]:
    """What these rows have in a column. names: of the columns, unless the table has its own."""
    sent: Any = table.rows
    named = isinstance(sent[0], Mapping)
    place = feature if named else list(names if table.names is None else table.names).index(feature)
    return [sent[row][place] for row in rows]


def number_of(column: str, cell: object, row: int) -> float:
    """A number as models take it; NaN where it is missing. Raises UnusableValueError."""
    if cell is None:
        return math.nan
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise UnusableValueError(column, row, f"is {_shown(cell)}, which is no number")
    try:
        value = float(cell)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise UnusableValueError(column, row, "is not a finite number")
    return value


def _shown(cell: object) -> str:
    if isinstance(cell, str):
        return f"'{cell[:LONGEST_TEXT]}'"
    kinds = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(cell), "something else")
