"""Sends a stream's rows to ml_model as fast as it was asked for, and their truth some time later."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from db.live import NothingLiveError
from fleet.caller import Caller
from fleet.errors import ConflictError, SiblingAwayError, SiblingInDoubtError
from fleet.jobs import Work
from simulator.persistence.model.sent_batches import SentBatch, SentSoFar
from simulator.persistence.unit_of_work import SimulatorUnitOfWork
from simulator.service.known_use_cases import KnownUseCases, OpenedUseCase
from simulator.service.stream_rows import Stream, StreamRows

TELL_EVERY_S = 1.0
LABEL_EVERY_S = 0.5
LONGEST_NAP_S = 0.5
CATCH_UP_S = 1.0  # what a stream may be late by, and makes up for
AWAY_S = 1.0  # between two tries to reach ml_model
STORED_S = 30.0  # within which a row that was answered is stored, or never
MOST_LABELS = 10_000  # rows of a request


class TooLongStreamError(ConflictError):
    """The stream takes longer than a job may."""

    def __init__(self, seconds: float, most: float) -> None:
        super().__init__(
            f"'rows', 'rate' and 'labels.delay_s' make {seconds:.0f} s; a job may take {most:.0f} s",
            "Ask for fewer rows, a higher rate or a shorter delay, or raise SIMULATOR_JOB_TIMEOUT_S",
        )


class StreamTakenError(ConflictError):
    """Another attempt has gone on with the stream: this one was frozen for long."""

    def __init__(self) -> None:
        super().__init__("Another process goes on with the stream", "There is nothing to do")


class Answering(Protocol):
    """ml_model; see persistence.repository.ml_model_client."""

    def predict(
        self,
        use_case: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        key: str,
        *,
        caller: Caller,
    ) -> int | None: ...

    def tell(self, use_case: str, truths: Mapping[int, float], *, caller: Caller) -> int: ...


class Sent(Protocol):
    """What the stream has sent; see persistence.repository.sent_batches."""

    def so_far(self) -> SentSoFar: ...

    def claim(self, batch: int, rows: int, attempt: int) -> bool: ...

    def release(self, batch: int) -> None: ...

    def answered(self, batch: int, first_index: int | None, truths: Sequence[float | None]) -> None: ...

    def due(self, delay_s: float, most_rows: int) -> list[SentBatch]: ...

    def labelled(self, batch: SentBatch, unknown: int = 0) -> None: ...


class StreamService:
    """Streams. limit_s: that one may take. sent: what the stream of a job has sent."""

    def __init__(
        self,
        known: KnownUseCases,
        units: Callable[[], SimulatorUnitOfWork],
        answering: Answering,
        sent: Callable[[str], Sent],
        *,
        limit_s: float,
    ) -> None:
        self._known = known
        self._units = units
        self._answering = answering
        self._sent = sent
        self._limit_s = limit_s

    def check(self, stream: Stream) -> None:
        """Refuse what cannot be streamed.

        Raises TooLongStreamError, NothingLiveError, what KnownUseCases.open does, and StreamRows.check.
        """
        seconds = stream.rows / stream.rate + stream.labels.delay_s
        if seconds > self._limit_s:
            raise TooLongStreamError(seconds, self._limit_s)
        StreamRows(self._open(stream.use_case), stream).check()
        with self._units() as work:
            if not work.has_live(stream.use_case):
                raise NothingLiveError(stream.use_case)

    def run(self, stream: Stream, work: Work) -> dict[str, Any]:
        """Send what earlier attempts have not sent; returns what all have, as it is answered."""
        opened = self._open(stream.use_case)
        sent = self._sent(work.job_id)
        Sending(stream, StreamRows(opened, stream), self._answering, sent, work).run()
        whole = sent.so_far()
        counts = {
            name: value for name, value in asdict(whole).items() if name not in ("batches", "labels_due")
        }
        return {
            "message": f"Streamed {whole.rows} rows",
            "use_case": stream.use_case,
            **counts,
            "seed": stream.seed,
        }

    def _open(self, use_case: str) -> OpenedUseCase:
        with self._units() as work:
            return self._known.open(work, use_case)


class Sending:
    """One attempt of a stream.

    A batch is written down before it is sent, and again when it was answered. Where an attempt is cut off in
    between, the batch is in doubt: ml_model may have it, and it is not sent again.
    """

    def __init__(
        self, stream: Stream, rows: StreamRows, answering: Answering, sent: Sent, work: Work
    ) -> None:
        self._stream, self._rows, self._answering = stream, rows, answering
        self._sent, self._work = sent, work
        self._so_far = sent.so_far()
        self._next_at = time.monotonic()
        self._label_at = self._tell_at = 0.0
        self._late_since: float | None = None  # samples of truths that are due are not all there

    def run(self) -> None:
        """Until every row is sent, and every truth told."""
        while not self._is_done:
            now = time.monotonic()
            if now >= self._tell_at:
                self._tell()
            if self._so_far.labels_due and now >= self._label_at:
                self._reached(self._label)
                self._label_at = time.monotonic() + LABEL_EVERY_S
            if self._is_sent:
                time.sleep(LONGEST_NAP_S)
            elif now >= self._next_at:
                self._next_at = max(self._next_at, now - CATCH_UP_S) + self._interval_s
                self._reached(self._send)
            else:
                time.sleep(min(self._next_at - now, LONGEST_NAP_S))

    @property
    def _interval_s(self) -> float:
        return self._stream.batch_rows / self._stream.rate

    @property
    def _is_sent(self) -> bool:
        return self._so_far.batches >= self._stream.batches

    @property
    def _is_done(self) -> bool:
        return self._is_sent and not self._so_far.labels_due

    def _reached(self, ask: Callable[[], None]) -> None:
        """Ask ml_model; where it is away, say so, and have it asked again in a while."""
        try:
            ask()
        except SiblingAwayError as error:
            self._tell(f"waits: {error.error}")
            time.sleep(AWAY_S)

    def _send(self) -> None:
        batch = self._so_far.batches
        numbers = self._stream.batch(batch)
        rows = self._rows.rows(numbers)
        if not self._sent.claim(batch, len(numbers), self._work.attempt):
            raise StreamTakenError
        try:
            first = self._answering.predict(
                self._stream.use_case,
                self._rows.columns,
                rows.cells,
                f"{self._work.job_id}:{batch}",
                caller=self._work.caller,
            )
        except SiblingInDoubtError:
            self._so_far = replace(
                self._so_far, batches=batch + 1, in_doubt=self._so_far.in_doubt + len(numbers)
            )
            return
        except SiblingAwayError:
            self._sent.release(batch)
            raise
        self._sent.answered(batch, first, rows.truths)
        due = self._so_far.labels_due or (first is not None and any(each is not None for each in rows.truths))
        self._so_far = replace(
            self._so_far, batches=batch + 1, rows=self._so_far.rows + len(numbers), labels_due=due
        )

    def _label(self) -> None:
        batches = self._sent.due(self._stream.labels.delay_s, MOST_LABELS)
        if not batches:
            return
        try:
            unknown = self._told(batches)
            if not unknown:
                self._late_since = None
                for each in batches:
                    self._sent.labelled(each)
            elif self._is_too_late():
                for each in batches:
                    self._sent.labelled(each, self._told([each]))
        except SiblingInDoubtError as error:  # told twice, a truth is the same
            raise SiblingAwayError(error.error, error.message) from error
        self._so_far = self._sent.so_far()

    def _told(self, batches: Sequence[SentBatch]) -> int:
        truths = {number: truth for each in batches for number, truth in each.labels.items()}
        return self._answering.tell(self._stream.use_case, truths, caller=self._work.caller)

    def _is_too_late(self) -> bool:
        """Whether what was answered is not going to be stored any more."""
        now = time.monotonic()
        self._late_since = now if self._late_since is None else self._late_since
        return now - self._late_since > STORED_S

    def _tell(self, more: str = "") -> None:
        so_far, stream = self._so_far, self._stream
        sent = so_far.rows + so_far.in_doubt
        truths = so_far.labels + so_far.labels_unknown
        wanted = stream.rows * (1 + stream.labels.share)
        said = f"{sent} of {stream.rows} rows" + (f", {truths} truths" if stream.labels.share else "")
        self._work.tell((sent + truths) / wanted, f"{said}; {more}" if more else said)
        self._tell_at = time.monotonic() + TELL_EVERY_S
