"""Made-up records where there are no others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.service.generate_records import generate_records
from fire_brigade.service.made_up_records import LABEL

INCIDENTS = 5_000  # enough to learn from, and made within seconds
FIRST_BYTES = 20_000  # of a file: its header and several records


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
