"""A CSV file as columns of numbers, names and moments; whatever is wrong in it is told by row and column."""

import io
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

FEWEST_ROWS = 10
SHOWN_COLUMNS = 30
SHOWN_TEXT = 60
LARGEST_CLASS = 2**31 - 1


class CsvError(ValueError):
    """The file cannot be used; the text says why, to people."""


class CsvTable:
    """The file's rows, numbered from 1 in what is told to people. columns: those that are read."""

    def __init__(self, content: bytes, columns: Collection[str]) -> None:
        self._texts = _read(content, columns)
        absent = [name for name in columns if name not in self._texts]
        if absent:
            raise CsvError(f"it has no column {', '.join(map(repr, absent))}; it has {_header(content)}")
        if len(self) < FEWEST_ROWS:
            raise CsvError(f"it has {len(self)} rows; at least {FEWEST_ROWS} are needed")

    def __len__(self) -> int:
        return len(self._texts)

    def names(self, column: str) -> list[str]:
        """Each row's text, empty where there is none."""
        return [str(text) for text in self._texts[column]]

    def numbers(self, column: str, *, whole: bool = False) -> Floats:
        """Each row's number, NaN where there is none. whole: without a fraction."""
        texts = self._texts[column]
        values = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
        self._refuse(column, ~np.isfinite(values) & (texts != "").to_numpy(), "is not a number")
        if whole:
            self._refuse(column, ~np.isnan(values) & (values != np.rint(values)), "is not a whole number")
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
        values = pd.to_numeric(texts, errors="coerce")
        if values.isna().any():
            values = pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True)
        unread = values.isna().to_numpy()
        self._refuse(column, unread, "is neither a time, such as 2026-01-31T12:00:00, nor a number")
        return values.to_numpy()

    def one_of(self, column: str, known: Collection[str]) -> list[str]:
        """Each row's text, which must be one of the known."""
        self._refuse(column, ~self._texts[column].isin(known).to_numpy(), f"is none of {', '.join(known)}")
        return self.names(column)

    def _refuse(self, column: str, wrong: npt.NDArray[np.bool_], what: str) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            more = f" ({int(wrong.sum())} such rows)" if wrong.sum() > 1 else ""
            text = self._texts[column].iloc[row][:SHOWN_TEXT]
            raise CsvError(f"row {row + 1}, column {column!r}: {text!r} {what}{more}")


def _read(content: bytes, columns: Collection[str]) -> pd.DataFrame:
    try:
        # The texts as they are: what is missing is empty, and a station may be called NA.
        frame = _parse(content, usecols=lambda name: name in columns)
    except pd.errors.EmptyDataError as error:
        raise CsvError("it is empty") from error
    except UnicodeDecodeError as error:
        raise CsvError("it is not text in UTF-8") from error
    except pd.errors.ParserError as error:
        raise CsvError(f"it is not a CSV file: {str(error).strip().splitlines()[-1][:200]}") from error
    return frame.fillna("")  # of rows that end early


def _header(content: bytes) -> str:
    names = list(_shown(_parse(content, nrows=0).columns))
    return ", ".join(names)


def _shown(columns: "pd.Index[str]") -> Iterator[str]:
    yield from (repr(name[:SHOWN_TEXT]) for name in columns[:SHOWN_COLUMNS])
    if len(columns) > SHOWN_COLUMNS:
        yield "..."


def _parse(content: bytes, **options: Any) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(
        io.BytesIO(content),
        dtype=str,
        keep_default_na=False,
        encoding="utf-8-sig",
        index_col=False,
        **options,
    )
    return frame
