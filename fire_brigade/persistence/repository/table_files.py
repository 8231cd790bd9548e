"""Writes tables as .xlsx workbooks, CSV, pickle and Parquet files."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from fire_brigade.persistence.repository.data_files import replaced

ROWS_AT_ONCE = 20_000
NOTHING = np.array(None, dtype=object)
DAY_ZERO = pd.Timestamp("1899-12-30")

Write = Callable[[int, int, Any], object]


def write_workbook(table: pd.DataFrame, path: Path, *, sheet: str) -> None:
    """Write a table as the one sheet of a workbook; what is missing stays an empty cell.

    Memory does not grow with the rows: each is written as it comes.
    """
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        workbook.set_properties({"title": sheet, "comments": sheet})
        worksheet = workbook.add_worksheet(sheet)
        worksheet.write_row(0, 0, table.columns)
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        writers = [_writer(worksheet, table[name], day) for name in table]
        for number, row in enumerate(_rows(table), 1):
            for column, value in enumerate(row):
                if value is not None:
                    writers[column](number, column, value)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: whole numbers without a point, dates as 2023-03-19, what is missing blank."""
    whole = {name: "Int64" for name, values in table.items() if _is_whole(values)}
    table.astype(whole).to_csv(path, index=False, lineterminator="\n")


def other_forms(csv_file: Path) -> tuple[Path, Path]:
    """Where its Parquet and pickle forms are: beside it."""
    return csv_file.with_suffix(".parquet"), csv_file.with_suffix(".pkl")


def write_parquet_and_pickle(csv_file: Path, *, text: Sequence[str]) -> list[Path]:
    """Write a CSV file's table beside it, as .parquet and as .pkl; the files written.

    text: columns that are words even where they look like numbers. Raises FileNotWrittenError.
    """
    table = pd.read_csv(
        csv_file, dtype=dict.fromkeys(text, str), low_memory=False, float_precision="round_trip"
    )
    parquet, pickle = other_forms(csv_file)
    for path, write in ((parquet, table.to_parquet), (pickle, table.to_pickle)):
        with replaced(path) as new:
            write(new)
    return [parquet, pickle]


def _writer(worksheet: Worksheet, values: pd.Series, day: Format) -> Write:
    if pd.api.types.is_datetime64_any_dtype(values):
        return lambda row, column, value: worksheet.write_number(row, column, (value - DAY_ZERO).days, day)
    write: Write = worksheet.write_string
    return worksheet.write_number if pd.api.types.is_numeric_dtype(values) else write


def _rows(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(table), ROWS_AT_ONCE):
        block = table.iloc[start : start + ROWS_AT_ONCE]
        columns = [
            np.where(values.isna(), NOTHING, values.astype(object)).tolist() for _, values in block.items()
        ]
        yield from zip(*columns, strict=True)


def _is_whole(values: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(values) and bool((values.dropna() % 1 == 0).all())
