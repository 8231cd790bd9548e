"""Fetches the published records, checks them, and keeps those of some years."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from fire_brigade.persistence.model.records import Download, Kind, RecordSource
from fire_brigade.persistence.repository.data_files import only_writer, replace_together, scratch_file
from fire_brigade.persistence.repository.downloads import DownloadLimits, download
from fire_brigade.persistence.repository.table_files import other_forms, write_parquet_and_pickle
from fire_brigade.service.filtering import Filtering
from fire_brigade.service.foreign_files import read_apart
from fire_brigade.service.ports import MetricsLog
from fleet.errors import ConflictError, FleetError

NUMBER = "IncidentNumber"

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

    def process(source: RecordSource, new: Path) -> Processed:
        processing = _Processing(source, tuple(years), log, limits or DownloadLimits(), progress)
        return processing.run(new)

    try:
        done = _all_or_none(sources, process)
    except BaseException as error:
        said = error.error if isinstance(error, FleetError) else "The records were not processed"
        failed = {f"success_{source.kind}": 0 for source in sources}
        log.error(said, metrics=failed)  # noqa: TRY400  # the step's log has the rest
        raise
    for each in done:
        _tell(each, log)
    return done


def _all_or_none(
    sources: Sequence[RecordSource], process: Callable[[RecordSource, Path], Processed]
) -> list[Processed]:
    """Replaces the files once the records of all of them are there."""
    with ExitStack() as stack:
        for source in sources:
            stack.enter_context(only_writer(source.file, *other_forms(source.file)))
        done = []
        new = {}
        for source in sources:
            scratch = stack.enter_context(scratch_file(source.file))
            done.append(process(source, scratch))
            new[scratch] = source.file
        replace_together(new)
        return done


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


class _Processing:
    """One source on its way."""

    def __init__(
        self,
        source: RecordSource,
        years: tuple[int, ...],
        log: MetricsLog,
        limits: DownloadLimits,
        progress: ReportProgress | None,
    ) -> None:
        self._source = source
        self._years = years
        self._log = log
        self._limits = limits
        self._progress = progress

    def run(self, new: Path) -> Processed:
        """Fetches the file, and writes the records of the years to `new`."""
        source = self._source
        with scratch_file(source.file) as fetched:
            downloaded = self._fetch(fetched)
            filtered = read_apart(
                Filtering(source, self._years, fetched, new), self._filtered, setting=source.setting
            )
        return Processed(source.kind, source.file, downloaded, filtered.rows, filtered.kept, filtered.seconds)

    def _filtered(self, done: int, total: int) -> None:
        if self._progress:
            self._progress(self._source.kind, "filter", done, total)

    def _fetch(self, into: Path) -> Download:
        source, kind = self._source, self._source.kind
        self._log.info(f"{kind}: download begun")

        def report(done: int, total: int | None) -> None:
            if self._progress:
                self._progress(kind, "download", done, total)

        done = download(source.url, into, setting=source.setting, limits=self._limits, progress=report)
        expected = done.bytes if done.expected_bytes is None else done.expected_bytes
        self._log.info(
            f"{kind}: {done.bytes} bytes downloaded in {done.seconds:.1f} s",
            metrics={
                f"download_size_in_bytes_{kind}": expected,
                f"downloaded_bytes_{kind}": done.bytes,
                f"expected_bytes_{kind}": expected,
                f"download_duration_seconds_{kind}": done.seconds,
            },
        )
        return done


def _tell(done: Processed, log: MetricsLog) -> None:
    kind = done.kind
    log.info(
        f"{kind}: {done.kept} of {done.rows} records kept",
        metrics={
            f"initial_count_{kind}": done.rows,
            f"filtered_count_{kind}": done.kept,
            f"record_saved_{kind}": done.kept,
            f"filter_duration_seconds_{kind}": done.seconds,
            f"success_{kind}": 1,
        },
    )
