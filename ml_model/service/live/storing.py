"""Stores answered rows in the background: no answer waits for it, and its memory is bounded."""

import logging
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping

from db.definition import UseCase
from fleet.errors import ConflictError, OutOfTimeError, UnavailableError
from ml_model.persistence.repository.live_samples import AlreadyStoredError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.live.answered import Answered, as_stored, count_classes, count_rows

log = logging.getLogger(__name__)

Lost = Callable[[str, int], object]
Stored = Callable[[str, int, Mapping[int, int]], object]

RETRY_S = 1.0
STOP_S = 10.0
ROWS_AT_ONCE = 50_000

LATER = (UnavailableError, OutOfTimeError, ConflictError)  # what another try may mend


class LiveStore:
    """Takes rows until as many wait as may, and stores them every so often, in a thread of its own.

    interval_s: within it rows are stored, if PostgreSQL takes them in half of that time. units: opens a
    transaction, in any thread. lost, stored: told the use case and how many rows; stored also
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
        self._backlog = Counter[str]()  # by use case, with those that are being stored

    @property
    def backlog(self) -> int:
        """How many rows are not stored yet."""
        return self._backlog.total()

    def put(self, rows: Answered) -> bool:
        """Take rows to be stored; False, and they are lost, if too many wait already."""
        name, count = rows.use_case.name, len(rows.numbers)
        with self._lock:
            taken = self.backlog + count <= self._most_rows
            if taken:
                self._backlog[name] += count
                self._waiting.append(rows)
        if not taken:
            self._lost(name, count)
        elif self._thread is None:
            self._start()
        return taken

    def refuse(self, use_case: str, rows: int) -> None:
        """Count rows that cannot even be given a number."""
        self._lost(use_case, rows)

    def flush(self) -> None:
        """Store what waits, now; what comes meanwhile waits for the next time.

        Keeps the rows where another try may mend it, and raises UnavailableError, OutOfTimeError or
        ConflictError.
        """
        with self._storing:
            left = self.backlog
            self._waiting_rows(left)
            while left > 0 and (rows := self._take()):
                left -= count_rows(rows)
                self._store_all(rows)
            self._waiting_rows(self.backlog)

    def stop(self) -> None:
        """Store what waits, for some seconds at most; what is left then is lost, and counted."""
        self._stop.set()
        if not self.backlog:
            return
        # In a thread, as who waits for PostgreSQL cannot be called back.
        last = threading.Thread(target=self._empty, args=(time.monotonic() + STOP_S,), daemon=True)
        last.start()
        last.join(STOP_S)
        with self._lock:
            left = +self._backlog
        for name, count in left.items():
            self._lost(name, count)
            log.error("%s answered rows of '%s' are lost: they could not be stored in time", count, name)

    def _empty(self, deadline: float) -> None:
        while self.backlog and time.monotonic() < deadline:
            try:
                self.flush()
            except LATER:
                time.sleep(RETRY_S / 5)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="live-store")
                self._thread.start()

    def _work(self) -> None:
        pause = usual = self._interval_s / 2
        while not self._stop.wait(pause):
            pause = usual
            try:
                self.flush()
            except LATER as error:
                log.warning("%s answered rows wait to be stored: %s", self.backlog, error.error)
                pause = max(RETRY_S, self._interval_s)
            except Exception:
                log.exception("Storing answered rows was interrupted, and goes on")

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
        """A transaction a use case; one that fails is halved, so that a bad request costs only itself."""
        by_use_case: dict[str, list[Answered]] = defaultdict(list)
        for each in rows:
            by_use_case[each.use_case.name].append(each)
        groups = deque(by_use_case.values())
        while groups:
            group = groups.popleft()
            try:
                groups.extendleft(reversed(self._store(group)))
            except LATER:
                self._put_back([each for kept in (group, *groups) for each in kept])
                raise
            except Exception:  # of whoever is told: the group itself is done
                self._put_back([each for kept in groups for each in kept])
                raise

    def _store(self, group: list[Answered]) -> list[list[Answered]]:
        """Store requests of one use case, or find that they cannot be; returns what is to be tried again."""
        name = group[0].use_case.name
        try:
            there = self._add(group)
        except LATER as error:
            if not isinstance(error, UnavailableError) or not self._is_gone(group[0].use_case):
                raise
            log.warning("%s answered rows are lost: use case '%s' was removed", count_rows(group), name)
            self._done(group)
            self._lost(name, count_rows(group))
            return []
        except Exception:
            if len(group) > 1:
                half = len(group) // 2
                return [group[:half], group[half:]]
            log.exception("Answered rows cannot be stored")
            self._done(group)
            self._lost(name, count_rows(group))
            return []
        stored = [each for each in group if each.numbers.start in there]
        self._done(stored)
        self._stored(name, count_rows(stored), count_classes(stored))
        left = [each for each in group if each.numbers.start not in there]
        return [left] if left else []

    def _add(self, group: list[Answered]) -> set[int]:
        """Store them all, unless some are there already; the first numbers of those that are there now."""
        use_case, firsts = group[0].use_case, {each.numbers.start for each in group}
        rows, predictions = as_stored(group)
        try:
            with self._units() as work:
                work.live_samples.add(use_case, rows, predictions)
                work.commit()
        except AlreadyStoredError:
            with self._units() as work:
                there = work.live_samples.stored(use_case, firsts)
            if not there:
                raise
            return there
        return firsts

    def _is_gone(self, use_case: UseCase) -> bool:
        """Whether it is known to be registered no more."""
        try:
            with self._units() as work:
                return use_case not in work.samples.every()
        except LATER:
            return False

    def _put_back(self, rows: list[Answered]) -> None:
        with self._lock:
            self._waiting.extendleft(reversed(rows))

    def _done(self, rows: list[Answered]) -> None:
        with self._lock:
            self._backlog[rows[0].use_case.name] -= count_rows(rows)
