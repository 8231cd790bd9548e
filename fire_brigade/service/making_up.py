"""Made-up records where there are no others, processed as fetched ones are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fire_brigade.persistence.model.records import Kind, RecordSource
from fire_brigade.service.fetching import Fetching
from fire_brigade.service.generate_records import generate_records
from fire_brigade.service.jobs import Progress
from fire_brigade.service.made_up_records import LABEL
from fire_brigade.service.ports import MetricsLog

INCIDENTS = 5_000  # enough to learn from, and made within seconds
FIRST_BYTES = 20_000  # of a file: its header and several records


@dataclass(frozen=True)
class MakingUp:
    """folder: where the workbooks go; sources, years: as of Fetching, whose addresses are not asked."""

    folder: Path
    sources: Mapping[Kind, RecordSource]
    years: tuple[int, ...]

    def run(
        self, kinds: Sequence[Kind], convert: bool, log: MetricsLog, progress: Progress
    ) -> dict[str, Any]:
        """Makes workbooks up and processes these kinds, figures by kind; `made_up` is then true.

        Real records that are there stay as they are: then `made_up` is false, and nothing is done.
        """
        if any(is_real(source.file) for source in self.sources.values()):
            log.info("Nothing was made up: there are records that are not")
            return {"made_up": False}
        progress(0.0, "making records up")
        log.info(f"Making {INCIDENTS} incidents up")
        files = generate_records(self.folder, INCIDENTS, years=self.years)
        workbooks: dict[Kind, Path] = {"incident": files.incidents, "mobilisation": files.mobilisations}
        sources = {
            kind: replace(source, url=workbooks[kind].resolve().as_uri())
            for kind, source in self.sources.items()
        }
        return {"made_up": True, **Fetching(sources, self.years).run(kinds, convert, log, progress)}


def is_real(file: Path) -> bool:
    """Whether the file is there and its first records do not say that they are made up."""
    try:
        with file.open("rb") as opened:
            return LABEL.encode() not in opened.read(FIRST_BYTES)
    except FileNotFoundError:
        return False
