"""Reads tables of CSV files, and writes them as .xlsx workbooks, CSV, pickle and Parquet files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from fleet.csv_rows import CsvError, check_csv_file
from fleet.errors import FleetError
from fleet.whole_files import replaced

ROWS_AT_ONCE = 20_000
WORKBOOK = {
    "constant_memory": True,
    "default_date_format": "yyyy-mm-dd",
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


def read_table(
    path: Path,
    columns: Sequence[str],
    unusable: Callable[[str, str], FleetError],
    *,
    by_people: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """These columns at least of a CSV file. options: of `pandas.read_csv`.

    by_people: whether somebody may have written it by hand, so that it is looked at more closely.
    Raises FileNotFoundError, and what `unusable` makes of the file's name and what is wrong with it.
    """
    try:
        table: pd.DataFrame = pd.read_csv(path, low_memory=False, float_precision="round_trip", **options)
        if by_people:
            check_csv_file(path, columns)
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise unusable(path.name, "it is no readable CSV file") from error
    except CsvError as error:
        raise unusable(path.name, str(error)) from error
    if missing := [name for name in columns if name not in table]:
        raise unusable(path.name, f"it lacks {', '.join(missing)}")
    return table


def write_workbook(table: pd.DataFrame, path: Path, *, sheet: str) -> None:
    """Write a table as the one sheet of a workbook; what is missing stays an empty cell.

    Memory does not grow with the rows: each is written as it comes.
    """
    with xlsxwriter.Workbook(path, WORKBOOK) as workbook:
        workbook.set_properties({"title": sheet, "comments": sheet})
        worksheet = workbook.add_worksheet(sheet)
        worksheet.write_row(0, 0, table.columns)
        for start in range(0, len(table), ROWS_AT_ONCE):
            block = table.iloc[start : start + ROWS_AT_ONCE].astype(object)
            for number, row in enumerate(block.mask(block.isna(), None).to_numpy(), start + 1):
                worksheet.write_row(number, 0, row)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV: whole numbers without a point, dates as 2023-03-19, what is missing blank."""
    table.convert_dtypes(
        convert_string=False, convert_boolean=False, infer_objects=False, convert_floating=False
    ).to_csv(path, index=False, lineterminator="\n")


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
