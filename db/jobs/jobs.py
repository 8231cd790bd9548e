"""The jobs of a service, as its web and its siblings in the same process see them."""

import time
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.jobs.orders import worker_name
from db.jobs.table import JobTable
from db.unit_of_work import UnitOfWork
from fleet.errors import UnavailableError
from fleet.jobs import Asked, Job, JobGoesOnError, State, TooManyJobsError, UnknownJobError
from fleet.paging import Page, PageRequest
from fleet.patience import Patience

FIRST_LOOK_S, LAST_LOOK_S = 0.01, 0.5
MOST_AWAY_S = 30.0  # that PostgreSQL may be: it is restarted, and the job goes on
JOBS = "jobs"
WORKERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND datname = current_database()"
)
LOOKS_PER_WAIT = 20  # so that looking adds a twentieth to how long a job takes, at most


class JobsInDatabase:
    """fleet.jobs.Jobs, in PostgreSQL. sessions: opens a session. limit_s: that a job may take.

    most_waiting: for a worker.
    """

    def __init__(
        self, service: str, sessions: Callable[[], Session], *, limit_s: float, most_waiting: int
    ) -> None:
        self._service = service
        self._sessions = sessions
        self._limit_s = limit_s
        self._most_waiting = most_waiting

    def submit(self, asked: Asked) -> Job:
        """A new job; or the one that the same request, whose answer was lost, has asked for.

        Raises JobAtWorkError, TooManyJobsError.
        """
        with UnitOfWork(self._sessions) as work:
            table = self._table(work)
            if asked.request and (lost := table.asked_for(asked.request)) is not None:
                return lost
            if table.waiting() >= self._most_waiting:
                raise TooManyJobsError(self._most_waiting)
            job = table.add(asked, limit_s=self._limit_s)
            work.commit()
        return job

    def find(self, job_id: str) -> Job:
        """Raises UnknownJobError."""
        with UnitOfWork(self._sessions) as work:
            return self._table(work).find(job_id)

    def is_at_work(self, job_id: str) -> bool:
        """Whether it waits, or goes on; one that nobody knows does not."""
        try:
            return not self.find(job_id).has_ended
        except UnknownJobError:
            return False

    def page(self, state: State | None, asked: PageRequest) -> Page[Job]:
        """The newest first; all, or those in a state."""
        with UnitOfWork(self._sessions) as work:
            return self._table(work).page(state, asked)

    def cancel(self, job_id: str) -> Job:
        """Ask for its end. Raises UnknownJobError, JobEndedError."""
        with UnitOfWork(self._sessions) as work:
            job = self._table(work).cancel(job_id)
            work.commit()
        return job

    def wait(self, job_id: str, patience: Patience) -> Job:
        """The job when it has ended. Raises JobGoesOnError once nobody waits any more."""
        begun = seen = time.monotonic()
        while True:
            try:
                job = self.find(job_id)
                seen = time.monotonic()
                if job.has_ended:
                    return job
            except UnavailableError:
                if time.monotonic() - seen > MOST_AWAY_S:
                    raise
            if not patience.left:
                raise JobGoesOnError(job_id)
            waited = time.monotonic() - begun
            time.sleep(min(max(FIRST_LOOK_S, waited / LOOKS_PER_WAIT), LAST_LOOK_S, patience.left))

    def degraded(self) -> dict[str, str]:
        """What the service cannot do while no worker of it is connected to the database."""
        with UnitOfWork(self._sessions) as work:
            found = work.session.scalar(WORKERS, {"name": worker_name(self._service)})
        if found:
            return {}
        told = f"No worker of {self._service} is running: jobs wait until `python -m {self._service} worker`"
        return {JOBS: f"{told} is started"}

    def _table(self, work: UnitOfWork) -> JobTable:
        return JobTable(work.session, self._service)
