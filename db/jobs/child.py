"""One attempt of a job, in a process that its worker can kill."""

import importlib
import logging
import os
import signal
import time
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, Protocol

from db.database import Database
from db.jobs.orders import TRY_AGAIN, Order
from db.jobs.table import JobTable
from db.unit_of_work import UnitOfWork
from fleet.errors import AwayError, BugError, FleetError
from fleet.jobs import JobDiedError, JobOutOfTimeError, State, Task, Work, told
from fleet.settings import WorkerSettings

log = logging.getLogger(__name__)

LOWEST_PRIORITY = 19
TELL_EVERY_S = 0.5  # of progress, which may come thousands of times a second


class TaskModule(Protocol):
    """`<service>.jobs`. open_services: makes the service's working parts, which the tasks are given."""

    TASKS: Mapping[str, Task[Any]]

    def open_services(self, settings: Any) -> Any: ...


def make_attempt(service: str, tasks: str, settings: WorkerSettings, order: Order) -> int:
    """Do what is ordered, and write down how that ended; the process's exit status."""
    return _Attempt(service, importlib.import_module(tasks), settings, order).make()


class _Attempt:
    def __init__(self, service: str, module: TaskModule, settings: WorkerSettings, order: Order) -> None:
        self._service = service
        self._open_services = partial(module.open_services, settings)
        self._sessions = Database(service, settings).sessions
        self._order = order
        self._told = (0.0, "")
        self._has_answered = False
        with UnitOfWork(self._sessions) as work:
            kind, arguments, caller = self._table(work).task(order.job_id)
        self._task = module.TASKS[kind]
        self._work = Work(order.job_id, order.attempt, arguments, caller, self._tell, self._answer)

    @cached_property
    def _services(self) -> Any:
        """Opened when they are needed: importing them takes longer than to end a job that was cancelled."""
        return self._open_services()

    def make(self) -> int:
        """The exit status."""
        try:
            if self._order.end == "cancelled":
                self._give_up("cancelled", None)
            elif self._order.end:
                late = JobOutOfTimeError(self._order.limit_s)
                self._give_up("failed", late if self._order.end == "out_of_time" else JobDiedError())
            else:
                self._run()
        except AwayError as error:
            log.warning("A job waits: %s", error.error)
            self._change("put_back", error.error)
            return TRY_AGAIN
        return 0

    def _run(self) -> None:
        try:
            result = self._task.run(self._services, self._work)
            if not self._has_answered:
                self._answer(result or {})
        except BaseException as error:  # nobody else is told: a panic in Rust is no Exception
            if self._has_answered:
                log.exception("What was left of a job failed", extra={"job": self._order.job_id})
            elif isinstance(error, AwayError):
                raise
            else:
                self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not isinstance(error, FleetError):
            log.error("A job failed", exc_info=error, extra={"job": self._order.job_id})
        self._give_up("failed", error if isinstance(error, FleetError) else BugError())

    def _answer(self, result: dict[str, Any]) -> None:
        self._change("end", "succeeded", result=result)
        self._has_answered = True
        os.nice(LOWEST_PRIORITY)  # nobody waits for the rest

    def _give_up(self, state: State, error: FleetError | None) -> None:
        reason = "It was cancelled" if error is None else error.error
        try:
            if self._task.give_up is not None:
                self._task.give_up(self._services, self._work, state, reason)
        except AwayError:
            raise
        except Exception:  # the job ends all the same: nobody could do more about it
            log.exception("What a job has left could not be cleared up", extra={"job": self._order.job_id})
        self._change("end", state, error=None if error is None else told(error))

    def _tell(self, progress: float, detail: str) -> None:
        now = time.monotonic()
        last, said = self._told
        if self._has_answered or (detail == said and now - last < TELL_EVERY_S):
            return
        self._told = now, detail
        self._change("tell", min(max(progress, 0.0), 1.0), detail)

    def _change(self, what: str, *values: Any, **named: Any) -> None:
        """Write it down; end this process if the job is another attempt's, or nobody's, by now."""
        with UnitOfWork(self._sessions) as work:
            is_mine = getattr(self._table(work), what)(
                self._order.job_id, self._order.attempt, *values, **named
            )
            work.commit()
        if not is_mine:
            log.warning("Job %s is not this attempt's any more", self._order.job_id)
            os.killpg(0, signal.SIGKILL)

    def _table(self, work: UnitOfWork) -> JobTable:
        return JobTable(work.session, self._service)
