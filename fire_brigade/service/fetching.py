"""Processing of data as one piece of work: which records, what then, and how far it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from fire_brigade.persistence.model.records import Kind, RecordSource
from fire_brigade.persistence.repository.downloads import DownloadLimits
from fire_brigade.service.jobs import Progress
from fire_brigade.service.ports import MetricsLog
from fire_brigade.service.process_data import Processed, Stage, convert_to_pickle, process_data

DOWNLOAD_SHARE = 0.4  # of the time that a kind takes


class Fetching:
    """sources: by what they hold; years: those whose records are kept; limits: of each download."""

    def __init__(
        self,
        sources: Mapping[Kind, RecordSource],
        years: Sequence[int],
        limits: DownloadLimits | None = None,
    ) -> None:
        self._sources = sources
        self._years = years
        self._limits = limits

    def run(
        self, kinds: Sequence[Kind], convert: bool, log: MetricsLog, progress: Progress
    ) -> dict[str, Any]:
        """Fetch these kinds, and with `convert` write their other forms; figures by kind."""
        sources = [self._sources[kind] for kind in kinds]
        done = process_data(
            sources,
            years=self._years,
            log=log,
            limits=self._limits,
            progress=_Overall(kinds, progress).report,
        )
        figures: dict[str, Any] = {each.kind: _figures(each) for each in done}
        if convert:
            progress(1.0, "writing pickle and Parquet")
            figures["converted"] = [path.name for path in convert_to_pickle(sources, log=log)]
        return figures


class _Overall:
    """One progress for several files."""

    def __init__(self, kinds: Sequence[Kind], progress: Progress) -> None:
        self._kinds = kinds
        self._progress = progress
        self._share = 0.0

    def report(self, kind: Kind, stage: Stage, done: int, total: int | None) -> None:
        """Where the end is not known, the share stays where it was."""
        if total:
            part = min(done / total, 1.0)
            of_kind = part * DOWNLOAD_SHARE
            if stage == "filter":
                of_kind = DOWNLOAD_SHARE + part * (1 - DOWNLOAD_SHARE)
            self._share = (self._kinds.index(kind) + of_kind) / len(self._kinds)
        self._progress(self._share, f"{stage} of the {kind} records")


def _figures(done: Processed) -> dict[str, Any]:
    return {
        "file": done.file.name,
        "bytes": done.download.bytes,
        "rows": done.rows,
        "kept": done.kept,
        "seconds": round(done.download.seconds + done.seconds, 1),
    }
