"""Fetches the published records, checks them, and keeps those of some years."""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fire_brigade.persistence.model.records import Download, Kind, RecordSource, SourceError, Told
from fire_brigade.persistence.repository.downloads import DownloadLimits, WrongFileError, download
from fire_brigade.persistence.repository.locked_files import only_writer, replace_together
from fire_brigade.persistence.repository.log_files import MetricsLogger
from fire_brigade.persistence.repository.tables import other_forms, write_parquet_and_pickle
from fire_brigade.service.filtering import Filtered, filter_records
from fleet.errors import ConflictError, FleetError
from fleet.jobs import Progress
from fleet.killable import KillableWork, WorkerDiedError
from fleet.patience import Patience
from fleet.whole_files import scratch_file

NUMBER = "IncidentNumber"
DOWNLOAD_SHARE = 0.4  # of the time that a kind takes
MEMORY_BYTES = 3 * 1024**3 + 512 * 1024**2  # the largest workbook that is taken, and room to work
FOR_EVER = Patience(math.inf)

Result = TypeVar("Result")


class NothingToConvertError(ConflictError):
    """There is no CSV file yet."""

    def __init__(self) -> None:
        super().__init__("There are no processed records to convert", "Process the data first")


class ReaderDiedError(SourceError):
    """The process that read the file is gone."""

    status = 502
    advice = WrongFileError.advice

    def __init__(self, setting: str) -> None:
        reason = "reading the file took more memory than it may take, or was ended from outside"
        super().__init__(setting, reason, "; if it is, give the service more memory and try again")


class _Part(NamedTuple):
    """One of several files, which are told of as one."""

    number: int
    of: int
    kind: Kind
    progress: Progress

    def tell(self, stage: str, done: int, total: int | None) -> None:
        """done, total: bytes of a download, None where the server does not tell; or rows read."""
        begin, length = (0.0, DOWNLOAD_SHARE) if stage == "download" else (DOWNLOAD_SHARE, 1 - DOWNLOAD_SHARE)
        share = begin + length * min(done / total, 1.0) if total else begin
        self.progress((self.number + share) / self.of, f"{stage} of the {self.kind} records")


@dataclass(frozen=True)
class Processed:
    """One file that was processed."""

    kind: Kind
    file: Path
    download: Download
    filtered: Filtered

    def figures(self) -> dict[str, Any]:
        """What those are told who asked for it."""
        return {
            "file": self.file.name,
            "bytes": self.download.bytes,
            "rows": self.filtered.rows,
            "kept": self.filtered.kept,
            "seconds": round(self.download.seconds + self.filtered.seconds, 1),
        }


def process_data(
    sources: Sequence[RecordSource],
    *,
    years: Sequence[int],
    log: MetricsLogger,
    limits: DownloadLimits | None = None,
    progress: Progress | None = None,
) -> list[Processed]:
    """Fetch one source after the other; then replace the files of all by the records of the years.

    progress: what it raises ends the work. Raises, and leaves the files of before as they are:
    DownloadFailedError, WrongFileError, MissingColumnsError, NoRecordsError, NothingKeptError,
    ReaderDiedError, FileNotWrittenError, AlreadyRunningError.
    """
    progress = progress or (lambda share, detail: None)
    new: dict[Path, Path] = {}
    processed = []
    try:
        with ExitStack() as stack:
            for source in sources:
                stack.enter_context(only_writer(source.file, *other_forms(source.file)))
            for number, source in enumerate(sources):
                tell = _Part(number, len(sources), source.kind, progress).tell
                scratch = stack.enter_context(scratch_file(source.file))
                new[scratch] = source.file
                with scratch_file(source.file) as fetched:
                    came = _fetch(source, fetched, log, limits or DownloadLimits(), partial(tell, "download"))
                    work = partial(filter_records, source, tuple(years), fetched, scratch)
                    done = read_apart(work, partial(tell, "filter"), setting=source.setting)
                processed.append(Processed(source.kind, source.file, came, done))
            replace_together(new)
    except BaseException as error:
        said = error.error if isinstance(error, FleetError) else "The records were not processed"
        failed = {f"success_{source.kind}": 0 for source in sources}
        log.error(said, metrics=failed)  # noqa: TRY400  # the step's log has the rest
        raise
    for each in processed:
        _log(each.kind, each.filtered, log)
    return processed


def read_apart(work: Callable[[Told], Result], told: Told, *, setting: str) -> Result:
    """What `work` gives, done in another process, which is handed a pickled copy of it.

    It reads a file that others made, perhaps so that whoever reads it needs any amount of memory: the process
    has no more of it than MEMORY_BYTES, gives all of it back by ending, and takes nobody along if it dies.
    What `told` raises ends the work. Raises what it raises, as far as that is a FleetError;
    ReaderDiedError naming the setting.
    """
    apart = KillableWork("fire_brigade-reader", most_bytes=MEMORY_BYTES)
    try:
        result: Result = apart.do(work, patience=FOR_EVER, keep=False, told=told)
    except WorkerDiedError as error:
        raise ReaderDiedError(setting) from error
    return result


def convert_to_pickle(sources: Sequence[RecordSource], *, log: MetricsLogger) -> list[Path]:
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
    source: RecordSource, into: Path, log: MetricsLogger, limits: DownloadLimits, told: Told
) -> Download:
    kind = source.kind
    log.info(f"{kind}: download begun")
    done = download(source.url, into, setting=source.setting, limits=limits, told=told)
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


def _log(kind: Kind, done: Filtered, log: MetricsLogger) -> None:
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
