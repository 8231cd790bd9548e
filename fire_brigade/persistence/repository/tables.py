"""The tables that the steps read, and the forms that they write tables in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter

from fire_brigade.persistence.model.trained_model import DISTANCE, STATION, TARGET
from fleet.csv_rows import CsvError, check_csv_file
from fleet.errors import ConflictError, FleetError, InvalidRequestError
from fleet.whole_files import replaced

SHIPPED = Path(__file__).parents[1] / "shipped" / "stations.csv"
STATIONS = ("name", "latitude", "longitude")
FEATURES = (TARGET, STATION, DISTANCE)
ROWS_AT_ONCE = 20_000
EXACTLY: dict[str, Any] = {"low_memory": False, "float_precision": "round_trip"}
WORKBOOK = {
    "constant_memory": True,
    "default_date_format": "yyyy-mm-dd",
    "strings_to_formulas": False,
    "strings_to_urls": False,
}


class NotProcessedError(ConflictError):
    """The records are not there yet."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file of records {name} is not there",
            "Call GET /process_data first (process-data on the command line)",
        )


class UnusableRecordsError(ConflictError):
    """The file of records is not one that process_data wrote."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The file of records {name} cannot be used: {reason}",
            "Call GET /process_data again (process-data on the command line)",
        )


class UnusableStationsError(ConflictError):
    """The station file in the reference folder is none."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The station file {name} cannot be used: {reason}",
            f"Give it the columns {', '.join(STATIONS)} and a line a station, or remove it: one is shipped",
        )


class NoFeaturesError(ConflictError):
    """There is no file of features yet."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file of features {name} is not there",
            "Call GET /process_data and then GET /build_features (process-data and build-features on the "
            "command line), or name another file in data_path",
        )


class UnreadableFeaturesError(InvalidRequestError):
    """The file is not one of features."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The file {name} cannot be used as features: {reason}",
            f"Give a CSV file with the columns {', '.join(FEATURES)}, as build_features writes it",
        )


def read_records(path: Path, *, text: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """These columns of a file of records; what is blank, or a number and does not look like one, is missing.

    Raises NotProcessedError, UnusableRecordsError.
    """
    wanted = (*text, *numbers)
    try:
        table = _read(
            path,
            wanted,
            UnusableRecordsError,
            by_people=False,
            usecols=lambda name: name in wanted,
            dtype=dict.fromkeys(text, str),
        )
    except FileNotFoundError as error:
        raise NotProcessedError(path.name) from error
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})


def read_stations(own: Path) -> pd.DataFrame:
    """Stations of the file `own`, or of the shipped one where it is missing; one row a name.

    Columns: name; latitude and longitude in degrees; borough where the file has it. Raises
    UnusableStationsError.
    """
    path = own if own.is_file() else SHIPPED
    stations = _read(path, STATIONS, UnusableStationsError, dtype=str, keep_default_na=False)
    if twice := stations.loc[stations["name"].duplicated(), "name"].tolist():
        raise UnusableStationsError(path.name, f"it holds {twice[0]} more than once")
    degrees = {name: pd.to_numeric(stations[name], errors="coerce") for name in ("latitude", "longitude")}
    return stations.assign(**degrees)


def read_features(path: Path) -> pd.DataFrame:
    """Seconds of attendance, station and distance in km, without gaps and with finite numbers.

    Raises NoFeaturesError, UnreadableFeaturesError.
    """
    try:
        read = _read(
            path,
            FEATURES,
            UnreadableFeaturesError,
            usecols=lambda name: name in FEATURES,
            dtype={STATION: str},
        )
    except FileNotFoundError as error:
        raise NoFeaturesError(path.name) from error
    for name in (TARGET, DISTANCE):
        if not pd.api.types.is_numeric_dtype(read[name]):
            raise UnreadableFeaturesError(path.name, f"not all values of {name} are numbers")
        infinite = np.flatnonzero(np.isinf(read[name]))
        if infinite.size:
            raise UnreadableFeaturesError(path.name, f"{name} of row {infinite[0] + 1} is infinite")
    if read.isna().any(axis=None):
        raise UnreadableFeaturesError(path.name, "values are missing")
    return read.astype({TARGET: float, DISTANCE: float, STATION: object})


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
    table = pd.read_csv(csv_file, dtype=dict.fromkeys(text, str), **EXACTLY)
    written = other_forms(csv_file)
    for path, write in zip(written, (table.to_parquet, table.to_pickle), strict=True):
        with replaced(path) as new:
            write(new)
    return list(written)


def _read(
    path: Path,
    columns: Sequence[str],
    unusable: Callable[[str, str], FleetError],
    *,
    by_people: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """A CSV file that has these columns. options: of `pandas.read_csv`.

    by_people: whether somebody may have written it by hand, so that it is looked at more closely.
    Raises FileNotFoundError, and what `unusable` makes of the file's name and what is wrong with it.
    """
    try:
        table: pd.DataFrame = pd.read_csv(path, **EXACTLY, **options)
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
