"""A CSV file as columns of numbers, names and moments; whatever is wrong in it is told by row and column."""

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from fleet.csv_rows import SHOWN_TEXT, CsvError, read_csv_bytes

Floats = npt.NDArray[np.float64]

FEWEST_ROWS = 10
LARGEST_CLASS = 2**31 - 1
LARGEST_WHOLE = 2**53 - 1  # from 2^53 on, doubles skip some


class CsvTable:
    """The file's rows, numbered from 1 in what is told to people. columns: those that are read."""

    def __init__(self, content: bytes, columns: Sequence[str]) -> None:
        self._texts = _read(content, columns)
        if len(self) < FEWEST_ROWS:
            raise CsvError(f"it has {len(self)} rows; at least {FEWEST_ROWS} are needed")

    def __len__(self) -> int:
        return len(next(iter(self._texts.values())))

    def names(self, column: str) -> Sequence[str]:
        """Each row's text, empty where there is none."""
        return self._texts[column]

    def numbers(self, column: str, *, whole: bool = False) -> Floats:
        """Each row's number to the last digit, NaN where there is none. whole: without a fraction."""
        values = _floats(self._texts[column])
        self._refuse(column, np.isinf(values), "is not a number")
        if whole:
            self._refuse(column, ~np.isnan(values) & (values != np.rint(values)), "is not a whole number")
            self._refuse(
                column,
                np.abs(values) > LARGEST_WHOLE,
                f"is not a whole number within ±{LARGEST_WHOLE}, up to which every one is kept exactly",
            )
        return values

    def targets(self, column: str, *, classes: bool) -> Floats:
        """Each row's target: every row has one. classes: they are the numbers of classes."""
        values = self.numbers(column, whole=classes)
        self._refuse(column, np.isnan(values), "is no target: every row needs one")
        if classes:
            self._refuse(column, (values < 0) | (values > LARGEST_CLASS), "is not the number of a class")
        return values

    def moments(self, column: str) -> npt.NDArray[Any]:
        """Something to order each row by: its number, or its time in ISO 8601."""
        texts = self._texts[column]
        numbers = _ordered_numbers(texts)
        if numbers is not None:
            return numbers
        times = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
        unread = times.isna().to_numpy()
        self._refuse(column, unread, "is neither a time, such as 2026-01-31T12:00:00, nor a number")
        return times.to_numpy()

    def one_of(self, column: str, known: Collection[str]) -> Sequence[str]:
        """Each row's text, which must be one of the known."""
        texts = self._texts[column]
        unknown = np.array([text not in known for text in texts])
        self._refuse(column, unknown, f"is none of {', '.join(known)}")
        return texts

    def _refuse(self, column: str, wrong: npt.NDArray[np.bool_], what: str) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            more = f" ({int(wrong.sum())} such rows)" if wrong.sum() > 1 else ""
            text = self._texts[column][row][:SHOWN_TEXT]
            raise CsvError(f"row {row + 1}, column {column!r}: {text!r} {what}{more}")


def _read(content: bytes, columns: Sequence[str]) -> dict[str, list[str]]:
    """The texts as they are, by column: what is missing is empty, and a station may be called NA."""
    try:
        rows = read_csv_bytes(content)
        places = rows.places(columns)
        texts: list[list[str]] = [[] for _ in columns]
        for block in rows.blocks():
            cells = list(zip(*block, strict=True))
            for column, place in zip(texts, places, strict=True):
                column.extend(cells[place])
    except UnicodeDecodeError as error:
        raise CsvError("it is not text in UTF-8") from error
    return dict(zip(columns, texts, strict=True))


def _floats(texts: Sequence[str]) -> Floats:
    return np.fromiter(map(_float, texts), np.float64, len(texts))


def _float(text: str) -> float:
    """The number that is nearest to what the text says; NaN if it is empty, infinite if it is none."""
    if not text:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        return math.inf
    return math.inf if math.isnan(value) or "_" in text else value


def _ordered_numbers(texts: Sequence[str]) -> npt.NDArray[Any] | None:
    """The texts as numbers, if all of them are; whole ones exactly, such as nanoseconds since 1970."""
    values = _floats(texts)
    if not np.isfinite(values).all():
        return None
    try:
        return np.fromiter(map(int, texts), np.int64, len(texts))
    except (ValueError, OverflowError):
        return values
