"""Fetches the published records, checks them, and keeps those of some years."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

from fire_brigade.persistence.model.records import Download, Kind, RecordSource
from fire_brigade.persistence.repository.data_files import only_writer, replace_together
from fire_brigade.persistence.repository.downloads import DownloadLimits, download
from fire_brigade.persistence.repository.table_files import other_forms, write_parquet_and_pickle
from fire_brigade.service.filtering import filter_records
from fire_brigade.service.foreign_files import read_apart
from fire_brigade.service.jobs import Progress
from fire_brigade.service.ports import MetricsLog
from fleet.errors import ConflictError, FleetError
from fleet.whole_files import scratch_file

NUMBER = "IncidentNumber"
DOWNLOAD_SHARE = 0.4  # of the time that a kind takes

Stage = Literal["download", "filter"]


class ReportProgress(Protocol):
    """Is told how far a file has come. What it raises ends the work, and the files of before stay."""

    def __call__(self, kind: Kind, stage: Stage, done: int, total: int | None) -> None:
        """done, total: bytes of a download, None where the server does not tell; or rows read."""


class NothingToConvertError(ConflictError):
    """There is no CSV file yet."""

    def __init__(self) -> None:
        super().__init__("There are no processed records to convert", "Process the data first")


@dataclass(frozen=True)
class Processed:
    """One file that was processed. rows: all that came; kept: those of the years, which are in `file`."""

    kind: Kind
    file: Path
    download: Download
    rows: int
    kept: int
    seconds: float

    def figures(self) -> dict[str, Any]:
        """What those are told who asked for it."""
        return {
            "file": self.file.name,
            "bytes": self.download.bytes,
            "rows": self.rows,
            "kept": self.kept,
            "seconds": round(self.download.seconds + self.seconds, 1),
        }

    def metrics(self) -> dict[str, float]:
        """What the log is told."""
        return {
            f"initial_count_{self.kind}": self.rows,
            f"filtered_count_{self.kind}": self.kept,
            f"record_saved_{self.kind}": self.kept,
            f"filter_duration_seconds_{self.kind}": self.seconds,
            f"success_{self.kind}": 1,
        }


def process_data(
    sources: Sequence[RecordSource],
    *,
    years: Sequence[int],
    log: MetricsLog,
    limits: DownloadLimits | None = None,
    progress: ReportProgress | None = None,
) -> list[Processed]:
    """Fetch one source after the other; then replace the files of all by the records of the years.

    Raises, and leaves the files of before as they are: DownloadFailedError, WrongFileError,
    MissingColumnsError, NoRecordsError, NothingKeptError, ReaderDiedError, FileNotWrittenError,
    AlreadyRunningError.
    """
    tell: ReportProgress = progress or (lambda kind, stage, done, total: None)
    new: dict[Path, Path] = {}
    processed = []
    try:
        with ExitStack() as stack:
            for source in sources:
                stack.enter_context(only_writer(source.file, *other_forms(source.file)))
            for source in sources:
                scratch = stack.enter_context(scratch_file(source.file))
                new[scratch] = source.file
                with scratch_file(source.file) as fetched:
                    came = _fetch(source, fetched, log, limits or DownloadLimits(), tell)
                    work = partial(filter_records, source, tuple(years), fetched, scratch)
                    done = read_apart(work, partial(tell, source.kind, "filter"), setting=source.setting)
                processed.append(
                    Processed(source.kind, source.file, came, done.rows, done.kept, done.seconds)
                )
            replace_together(new)
    except BaseException as error:
        said = error.error if isinstance(error, FleetError) else "The records were not processed"
        failed = {f"success_{source.kind}": 0 for source in sources}
        log.error(said, metrics=failed)  # noqa: TRY400  # the step's log has the rest
        raise
    for each in processed:
        log.info(f"{each.kind}: {each.kept} of {each.rows} records kept", metrics=each.metrics())
    return processed


def convert_to_pickle(sources: Sequence[RecordSource], *, log: MetricsLog) -> list[Path]:
    """Write .pkl and .parquet beside each CSV file that is there, for others: we never read a pickle.

    Raises NothingToConvertError, FileNotWrittenError, AlreadyRunningError.
    """
    there = [source for source in sources if source.file.is_file()]
    if not there:
        raise NothingToConvertError
    written = []
    for source in there:
        with only_writer(source.file, *other_forms(source.file)):
            written += write_parquet_and_pickle(source.file, text=(NUMBER,))
        log.info(f"{source.kind}: pickle and Parquet form written")
    return written


def _fetch(
    source: RecordSource, into: Path, log: MetricsLog, limits: DownloadLimits, tell: ReportProgress
) -> Download:
    kind = source.kind
    log.info(f"{kind}: download begun")
    progress = partial(tell, kind, "download")
    done = download(source.url, into, setting=source.setting, limits=limits, progress=progress)
    expected = done.bytes if done.expected_bytes is None else done.expected_bytes
    log.info(
        f"{kind}: {done.bytes} bytes downloaded in {done.seconds:.1f} s",
        metrics={
            f"download_size_in_bytes_{kind}": expected,
            f"downloaded_bytes_{kind}": done.bytes,
            f"expected_bytes_{kind}": expected,
            f"download_duration_seconds_{kind}": done.seconds,
        },
    )
    return done


def overall(kinds: Sequence[Kind], progress: Progress) -> ReportProgress:
    """One progress for several files; where the end of one is not known, the share stays where it was."""
    share = 0.0

    def report(kind: Kind, stage: Stage, done: int, total: int | None) -> None:
        nonlocal share
        if total:
            part = min(done / total, 1.0)
            of_kind = part * DOWNLOAD_SHARE
            if stage == "filter":
                of_kind = DOWNLOAD_SHARE + part * (1 - DOWNLOAD_SHARE)
            share = (kinds.index(kind) + of_kind) / len(kinds)
        progress(share, f"{stage} of the {kind} records")

    return report
