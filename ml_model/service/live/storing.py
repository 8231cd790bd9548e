"""Stores answered rows in the background: no answer waits for it, and its memory is bounded."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from db.definition import Task
from fleet.errors import ConflictError, OutOfTimeError, UnavailableError
from ml_model.persistence.model.live_rows import LivePredictions, LiveRows
from ml_model.persistence.repository.live_samples import AlreadyStoredError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.live.models import Live, Served

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Lost = Callable[[str, int], object]
Stored = Callable[[str, int, Mapping[int, int]], object]

RETRY_S = 1.0
STOP_S = 10.0
ROWS_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Answered:
    """Rows that one model has answered. numbers: their sample_index; at: seconds since 1970."""

    live: Live
    served: Served
    numbers: range
    features: Floats
    labels: Floats
    probabilities: Floats | None
    at: float


class LiveStore:
    """Takes rows until as many wait as may, and stores them every so often, in a thread of its own.

    units: opens a transaction, in any thread. lost, stored: told the use case and how many rows; stored also
    how often each class was predicted. waiting: told from time to time how many rows wait.
    """

    def __init__(  # noqa: PLR0913  # its bounds, and who is told
        self,
        units: Callable[[], MlModelUnitOfWork],
        *,
        most_rows: int,
        interval_s: float,
        lost: Lost = lambda *_: None,
        stored: Stored = lambda *_: None,
        waiting: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._units = units
        self._most_rows = most_rows
        self._interval_s = interval_s
        self._lost = lost
        self._stored = stored
        self._waiting_rows = waiting
        self._waiting: deque[Answered] = deque()
        self._lock = threading.Lock()
        self._storing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.backlog = 0

    def put(self, rows: Answered) -> bool:
        """Take rows to be stored; False, and they are lost, if too many wait already."""
        count = len(rows.numbers)
        with self._lock:
            if self.backlog + count > self._most_rows:
                taken = False
            else:
                taken = True
                self.backlog += count
                self._waiting.append(rows)
        if not taken:
            self._lost(rows.live.use_case.name, count)
        elif self._thread is None:
            self._start()
        return taken

    def refuse(self, use_case: str, rows: int) -> None:
        """Count rows that cannot even be given a number."""
        self._lost(use_case, rows)

    def flush(self) -> None:
        """Store what waits, now. Raises UnavailableError, and keeps the rows, if the database is away."""
        with self._storing:
            self._waiting_rows(self.backlog)
            while rows := self._take():
                self._store_all(rows)
            self._waiting_rows(self.backlog)

    def stop(self) -> None:
        """Store what waits, for some seconds at most; what is left then is lost, and counted."""
        self._stop.set()
        deadline = time.monotonic() + STOP_S
        while self.backlog and time.monotonic() < deadline:
            try:
                self.flush()
            except UnavailableError:
                time.sleep(RETRY_S / 5)
        with self._lock:
            for rows in self._waiting:
                self._lost(rows.live.use_case.name, len(rows.numbers))
            if self._waiting:
                log.error("%s answered rows are lost: the database was away", self.backlog)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="live-store")
                self._thread.start()

    def _work(self) -> None:
        pause = self._interval_s
        while not self._stop.wait(pause):
            pause = self._interval_s
            try:
                self.flush()
            except (UnavailableError, OutOfTimeError, ConflictError) as error:
                log.warning("%s answered rows wait to be stored: %s", self.backlog, error.error)
                pause = max(RETRY_S, self._interval_s)

    def _take(self) -> list[Answered]:
        """Some of what waits, at most ROWS_AT_ONCE rows unless one request had more."""
        with self._lock:
            taken: list[Answered] = []
            count = 0
            while self._waiting and (not taken or count + len(self._waiting[0].numbers) <= ROWS_AT_ONCE):
                taken.append(self._waiting.popleft())
                count += len(taken[-1].numbers)
        return taken

    def _store_all(self, rows: list[Answered]) -> None:
        groups: dict[str, list[Answered]] = defaultdict(list)
        for each in rows:
            groups[each.live.use_case.name].append(each)
        while groups:
            name, group = groups.popitem()
            try:
                classes = self._store(group)
            except AlreadyStoredError:
                self._done(group)
            except (UnavailableError, OutOfTimeError, ConflictError):
                groups[name] = group
                self._put_back([each for kept in groups.values() for each in kept])
                raise
            except Exception:
                log.exception("Answered rows cannot be stored")
                self._done(group)
                self._lost(name, _count(group))
            else:
                self._done(group)
                self._stored(name, _count(group), classes)

    def _put_back(self, rows: list[Answered]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(rows))

    def _done(self, rows: list[Answered]) -> None:
        with self._lock:
            self.backlog -= _count(rows)

    def _store(self, rows: Sequence[Answered]) -> dict[int, int]:
        """Store rows of one use case, and what shadows say of them; how often each class was predicted."""
        use_case = rows[0].live.use_case
        numbers = np.concatenate([np.arange(each.numbers.start, each.numbers.stop) for each in rows])
        moments = np.array([each.at * 1e6 for each in rows]).astype("datetime64[us]")
        lengths = [len(each.numbers) for each in rows]
        at = np.repeat(moments, lengths)
        labels = np.concatenate([each.labels for each in rows])
        answered = LivePredictions(
            numbers=numbers,
            labels=labels,
            probabilities=_joined([each.probabilities for each in rows], lengths),
            deployments=np.repeat([each.served.deployment_id for each in rows], lengths),
            at=at,
        )
        features = np.concatenate([each.features for each in rows])
        predictions = [answered, *_shadowed(rows, features, numbers, at, lengths)]
        with self._units() as work:
            work.live_samples.add(use_case, LiveRows(numbers, features, at), predictions)
            work.commit()
        return _classes(labels) if use_case.task is Task.CLASSIFICATION else {}


def _count(rows: Sequence[Answered]) -> int:
    return sum(len(each.numbers) for each in rows)


def _joined(parts: Sequence[Floats | None], lengths: Sequence[int]) -> Floats:
    """NaN for the rows of a model that gives no probability."""
    return np.concatenate(
        [
            np.full(length, np.nan) if part is None else part
            for part, length in zip(parts, lengths, strict=True)
        ]
    )


def _shadowed(
    rows: Sequence[Answered],
    features: Floats,
    numbers: npt.NDArray[np.int64],
    at: npt.NDArray[np.datetime64],
    lengths: Sequence[int],
) -> list[LivePredictions]:
    """What the shadows of each row's time say of it."""
    shadows = {served.deployment_id: served for each in rows for served in each.live.shadows}
    told = []
    for number, served in shadows.items():
        saw = [number in [shadow.deployment_id for shadow in each.live.shadows] for each in rows]
        answered_itself = [each.served.deployment_id == number for each in rows]
        which = np.repeat(np.array(saw) & ~np.array(answered_itself), lengths)
        if not which.any():
            continue
        predicted = served.predictor.predict(features[which])
        highest = predicted.probabilities
        told.append(
            LivePredictions(
                numbers=numbers[which],
                labels=predicted.labels,
                probabilities=np.full(int(which.sum()), np.nan) if highest is None else highest,
                deployments=np.full(int(which.sum()), number),
                at=at[which],
            )
        )
    return told


def _classes(labels: Floats) -> dict[int, int]:
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.astype(int).tolist(), counts.tolist(), strict=True))
