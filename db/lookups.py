"""Looking up what tables have for chosen samples, by their numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import BigInteger, Column, ColumnElement, Double, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from db.copying import copy_out_blocks

BLOCK_ROWS = 100_000
NAMED_ROWS = 20_000  # that are named at once, each found by the index
DENSE = 4  # times as many numbers from the first to the last: rows are sooner found in one sweep

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def looked_up(
    session: Session, column: Column[Any], numbers: Integers, *conditions: ColumnElement[bool]
) -> Floats:
    """What a table has in a column for samples, NaN where nothing. numbers: their sample_index."""
    if not len(numbers):
        return np.empty(0)
    if (numbers[1:] < numbers[:-1]).any():
        order = np.argsort(numbers)
        found = np.empty(len(numbers))
        found[order] = looked_up(session, column, numbers[order], *conditions)
        return found
    parts = [_looked_up(session, column, part, conditions) for part in parts_of(numbers)]
    return np.concatenate(parts)


def parts_of(numbers: Integers) -> Iterator[Integers]:
    """Ascending numbers, in parts of which each is found by few looks: at least one."""
    at_once = NAMED_ROWS if _are_sparse(numbers) else max(len(numbers), 1)
    for start in range(0, max(len(numbers), 1), at_once):
        yield numbers[start : start + at_once]


def _are_sparse(numbers: Integers) -> bool:
    return len(numbers) > 0 and bool(numbers[-1] - numbers[0] > DENSE * len(numbers))


def named(column: Column[Any], numbers: Integers) -> ColumnElement[bool]:
    """Holds for these numbers, ascending, and for those between them where most are asked for."""
    if len(numbers) and not _are_sparse(numbers):
        return column.between(int(numbers[0]), int(numbers[-1]))
    # As one text: SQLAlchemy takes a second to write ten thousand literals.
    return column == func.any(cast(literal(f"{{{','.join(map(str, numbers))}}}"), ARRAY(BigInteger)))


def _looked_up(
    session: Session, column: Column[Any], numbers: Integers, conditions: tuple[ColumnElement[bool], ...]
) -> Floats:
    number = column.table.c.sample_index
    query = select(number, cast(column, Double))
    query = query.where(named(number, numbers), column.is_not(None), *conditions)
    found = np.full(len(numbers), np.nan)

    def take(block: npt.NDArray[Any]) -> None:
        # Looked up in their order, numbers are found much faster.
        rows = block[np.argsort(block["sample_index"])]
        places = np.minimum(np.searchsorted(numbers, rows["sample_index"]), len(numbers) - 1)
        asked = numbers[places] == rows["sample_index"]
        found[places[asked]] = rows["value"][asked]

    dtype = np.dtype([("sample_index", "i8"), ("value", "f8")])
    copy_out_blocks(session, query, dtype, take, block_rows=BLOCK_ROWS)
    return found
