"""Writes made-up records in the form of the published files."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from fire_brigade.persistence.repository.data_files import only_writer
from fire_brigade.persistence.repository.stations import SHIPPED, read_stations
from fire_brigade.persistence.repository.table_files import write_csv, write_workbook
from fire_brigade.service.made_up_records import LABEL, make_records
from fleet.errors import InvalidRequestError
from fleet.settings import SEED
from fleet.whole_files import replaced

MOST_INCIDENTS = 690_000  # with their mobilisations, which are half as many more, a sheet is full


class UnreasonableCountError(InvalidRequestError):
    """No workbook holds so many."""

    def __init__(self, incidents: int) -> None:
        super().__init__(
            f"{incidents} incidents cannot be made up",
            f"Ask for 1 to {MOST_INCIDENTS}: half as many mobilisations more have to fit on a sheet",
        )


@dataclass(frozen=True)
class GeneratedFiles:
    """The same records as workbooks and as CSV."""

    incidents: Path
    mobilisations: Path
    incidents_csv: Path
    mobilisations_csv: Path


def generate_records(
    folder: Path, incidents: int, *, seed: int = SEED, years: tuple[int, ...] = (2022, 2023)
) -> GeneratedFiles:
    """Write so many incidents, and half as many mobilisations more, as workbooks and as CSV files.

    The same arguments give the same records. That they are made up say the file names, the sheet names and a
    column of each table. Raises UnreasonableCountError, FileNotWrittenError, AlreadyRunningError.
    """
    if not 1 <= incidents <= MOST_INCIDENTS:
        raise UnreasonableCountError(incidents)
    shipped = read_stations(SHIPPED)
    records = make_records(shipped, incidents, years=years, random=np.random.default_rng(seed))
    files = GeneratedFiles(
        folder / "made_up_incidents.xlsx",
        folder / "made_up_mobilisations.xlsx",
        folder / "made_up_incidents.csv",
        folder / "made_up_mobilisations.csv",
    )
    workbook = partial(write_workbook, sheet=LABEL)
    _write(records.incidents, files.incidents, workbook)
    _write(records.mobilisations, files.mobilisations, workbook)
    _write(records.incidents, files.incidents_csv, write_csv)
    _write(records.mobilisations, files.mobilisations_csv, write_csv)
    return files


def _write(table: pd.DataFrame, path: Path, write: Callable[[pd.DataFrame, Path], None]) -> None:
    with only_writer(path), replaced(path) as new:
        write(table, new)
