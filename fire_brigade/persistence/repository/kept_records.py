"""Reads the kept records, and writes the features."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from fire_brigade.persistence.repository.table_files import read_table
from fleet.errors import ConflictError
from fleet.whole_files import replaced


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


def read_kept(path: Path, *, text: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    """These columns of a file of records; what is blank, or a number and does not look like one, is missing.

    Raises NotProcessedError, UnusableRecordsError.
    """
    wanted = [*text, *numbers]
    options: dict[str, Any] = {"usecols": lambda name: name in wanted, "dtype": dict.fromkeys(text, str)}
    try:
        table = read_table(path, wanted, UnusableRecordsError, by_people=False, **options)
    except FileNotFoundError as error:
        raise NotProcessedError(path.name) from error
    return table.assign(**{name: pd.to_numeric(table[name], errors="coerce") for name in numbers})


def write_features(table: pd.DataFrame, path: Path) -> int:
    """Replace the file of features; its size in bytes. Raises FileNotWrittenError."""
    with replaced(path) as new:
        table.to_csv(new, index=False, lineterminator="\n", date_format="%Y-%m-%d %H:%M:%S")
        return new.stat().st_size
