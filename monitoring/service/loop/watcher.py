"""Sees that what is due is done: policies judge, loops go on. It orders jobs, and may die at any time."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

from fleet.caller import Caller
from fleet.errors import FleetError
from fleet.jobs import Asked, Job, JobAtWorkError, UnknownJobError
from monitoring.persistence.model.loop import Loop
from monitoring.persistence.repository.policies import KeptPolicy
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.context import Units, loop_caller
from monitoring.service.loop.loops import Loops
from monitoring.service.loop.schedule import KIND, due, judge_lock
from monitoring.service.loop.waiting import is_due

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(minutes=1)  # that a job has failed
ROWS_A_SECOND = 100_000  # that are counted to see whether a window is full: PostgreSQL counts 2 million


class Watcher:
    """Any number of them may look; one acts at a time. units: opens a transaction. limit_s: of a job."""

    def __init__(self, units: Units, loops: Loops, *, limit_s: float) -> None:
        self._units = units
        self._loops = loops
        self._limit_s = limit_s
        self._said: dict[str, str] = {}
        self._looked: dict[str, float] = {}

    def look(self) -> None:
        """Order what is due. Raises nothing: the next look may be luckier."""
        with self._saying("What is due"), self._units() as turn:
            if turn.takes_turn():
                self._act(turn)

    def _act(self, turn: MonitoringUnitOfWork) -> None:
        for use_case in turn.policies.names():
            self._look_at(use_case, partial(self._judge, use_case))
        for loop in turn.loops.every_in_flight():
            self._look_at(loop.use_case, partial(self._go_on, loop))

    def _look_at(self, use_case: str, order: Callable[[MonitoringUnitOfWork], None]) -> None:
        """In a transaction of its own: what is wrong with one use case does not hinder the others."""
        with self._saying(f"Use case {use_case}"), suppress(JobAtWorkError), self._units() as work:
            order(work)
            work.commit()

    @contextmanager
    def _saying(self, what: str) -> Iterator[None]:
        """Log why it is not watched, once for as long as the reason stays the same."""
        said = ""
        try:
            yield
        except Exception as error:
            said = error.error if isinstance(error, FleetError) else repr(error)
            if said != self._said.get(what):
                log.warning(
                    "%s cannot be watched: %s", what, said, exc_info=not isinstance(error, FleetError)
                )
        self._said[what] = said

    def _judge(self, name: str, work: MonitoringUnitOfWork) -> None:
        kept = work.policies.find(name)
        if kept is None or not self._has_rested(kept):
            return
        if due(work, work.samples.find(name), kept) is None:
            return
        lock = judge_lock(name)
        if _is_free(work.jobs.newest(lock), work.now()):
            caller = Caller("policy", "admin", f"judge-{name}")
            work.jobs.add(Asked(KIND, {"use_case": name}, caller, lock), limit_s=self._limit_s)

    def _has_rested(self, kept: KeptPolicy) -> bool:
        """Whether enough time has passed since the last look: each counts the rows of the window."""
        now, rest = time.monotonic(), kept.policy.window_rows / ROWS_A_SECOND
        if now < self._looked.get(kept.use_case, -rest) + rest:
            return False
        self._looked[kept.use_case] = now
        return True

    def _go_on(self, loop: Loop, work: MonitoringUnitOfWork) -> None:
        """Once more with the loop held, as whoever aborts it does: it may have changed since it was read."""
        if _needs_a_job(work, loop):
            loop = work.loops.find(loop.id, hold=True)
            if loop.ended_at is None and _needs_a_job(work, loop):
                self._loops.submit(work, loop, loop_caller(loop.id))


def _needs_a_job(work: MonitoringUnitOfWork, loop: Loop) -> bool:
    return _is_free(_job(work, loop.job_id), work.now()) and is_due(work, loop)


def _job(work: MonitoringUnitOfWork, job_id: str | None) -> Job | None:
    try:
        return None if job_id is None else work.jobs.find(job_id)
    except UnknownJobError:
        return None  # it ended so long ago that it was forgotten


def _is_free(last: Job | None, now: datetime) -> bool:
    """Whether another job may be ordered: the last one has ended, and not in vain just now."""
    if last is None or last.status == "succeeded":
        return True
    return last.ended_at is not None and now - last.ended_at > AGAIN_AFTER
