"""Writes made-up records in the form of the published files, also where there are no others."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.persistence.repository.locked_files import only_writer
from fire_brigade.persistence.repository.tables import SHIPPED, read_stations, write_csv, write_workbook
from fire_brigade.service.made_up_records import LABEL, make_records
from fleet.errors import InvalidRequestError
from fleet.settings import SEED
from fleet.whole_files import replaced

MOST_INCIDENTS = 690_000  # with their mobilisations, which are half as many more, a sheet is full
INCIDENTS = 5_000  # enough to learn from, and made within seconds
FIRST_BYTES = 20_000  # of a file: its header and several records


class UnreasonableCountError(InvalidRequestError):
    """No workbook holds so many."""

    def __init__(self, incidents: int) -> None:
        super().__init__(
            f"{incidents} incidents cannot be made up",
            f"Ask for 1 to {MOST_INCIDENTS}: half as many mobilisations more have to fit on a sheet",
        )


class GeneratedFiles(NamedTuple):
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
    random = np.random.default_rng(seed)
    records = make_records(read_stations(SHIPPED), incidents, years=years, random=random)
    written = []
    for form, write in (("xlsx", partial(write_workbook, sheet=LABEL)), ("csv", write_csv)):
        for name, table in records._asdict().items():
            path = folder / f"made_up_{name}.{form}"
            with only_writer(path), replaced(path) as new:
                write(table, new)
            written.append(path)
    return GeneratedFiles(*written)


def made_up_sources(
    folder: Path, sources: Sequence[RecordSource], years: tuple[int, ...]
) -> list[RecordSource]:
    """The same sources with the addresses of workbooks that are made up in the folder.

    Raises FileNotWrittenError, AlreadyRunningError.
    """
    files = generate_records(folder, INCIDENTS, years=years)
    workbooks = {"incident": files.incidents, "mobilisation": files.mobilisations}
    return [replace(source, url=workbooks[source.kind].resolve().as_uri()) for source in sources]


def is_real(file: Path) -> bool:
    """Whether the file is there and its first records do not say that they are made up."""
    try:
        with file.open("rb") as opened:
            return LABEL.encode() not in opened.read(FIRST_BYTES)
    except FileNotFoundError:
        return False
