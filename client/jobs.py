"""Long work as jobs: lists them, waits for one, cancels it."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from client import answers
from client.answers import Job
from client.connection import PAGE_SIZE, Connection
from client.errors import BusyError, FailedError, RefusedError, UnreachableError

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
AT_WORK = ("queued", "running")
POLL_S = 0.5
AWAY_S = 120.0  # for which `wait` bears with a service that does not answer: the job may go on without it

R = TypeVar("R")


class JobFailedError(RefusedError):
    """A job ended without a result: it failed, or was cancelled. job: how it ended."""

    def __init__(self, job: Job) -> None:
        cancelled = {"error": "it was cancelled", "message": "Start it again to have its result"}
        told = job.error.model_dump() if job.error else cancelled
        super().__init__(f"The job {job.id}", 0, told, job.id)
        self.job = job

    @property
    def outcome(self) -> str:
        """What became of the job, without what to do about it."""
        return f"{self.call} {self.job.status}: {self.error}"


class Jobs:
    """The part of a service that is about its long work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def jobs(self, *, state: State | None = None, page_size: int = PAGE_SIZE) -> Iterator[Job]:
        """Every job, or those in this state; the newest first."""
        for page in self._connection.pages(answers.Jobs, "/jobs", page_size, state=state):
            yield from page.data

    def job(self, job_id: str) -> Job:
        """How a job is. Raises NotFoundError."""
        return self._connection.get(Job, f"/jobs/{quote(job_id, safe='')}")

    def cancel_job(self, job_id: str) -> None:
        """Has a job ended without a result. Raises NotFoundError, ConflictError if it has ended already."""
        self._connection.delete(Job, f"/jobs/{quote(job_id, safe='')}")


class JobHandle(Generic[R]):
    """A job that was begun. read: makes what is wanted of the result that the job answers."""

    def __init__(self, jobs: Jobs, job_id: str, read: Callable[[dict[str, Any]], R]) -> None:
        self.id = job_id
        self._jobs = jobs
        self._read = read

    def status(self) -> Job:
        """How it is now."""
        return self._jobs.job(self.id)

    def cancel(self) -> None:
        """Ends it without a result."""
        self._jobs.cancel_job(self.id)

    def wait(self, *, progress: bool | Callable[[Job], object] = False) -> R:
        """Its result, once it has ended. progress: shows how far it is on standard error, or is told.

        Raises JobFailedError if there is none, and as `status` does if the service stays away for minutes.
        """
        shown = _shown(self.id) if progress is True else nullcontext(progress or (lambda job: None))
        with shown as show:
            answered = time.monotonic()
            while True:
                try:
                    job = self.status()
                    answered = time.monotonic()
                    show(job)
                    if job.status not in AT_WORK:
                        break
                except (UnreachableError, FailedError, BusyError):
                    if time.monotonic() - answered > AWAY_S:
                        raise
                time.sleep(POLL_S)
        if job.result is None:
            raise JobFailedError(job)
        return self._read(job.result)


@contextmanager
def _shown(name: str) -> Iterator[Callable[[Job], object]]:
    """A bar where rich is installed, otherwise a line whenever there is something new."""
    try:
        from rich.console import Console  # noqa: PLC0415  # the client works without it
        from rich.markup import escape  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415
    except ImportError:
        told = [""]

        def tell(job: Job) -> None:
            line = f"{name}: {job.progress:4.0%} {job.detail or job.status}\n"
            if line != told[0]:
                sys.stderr.write(line)
                told[0] = line

        yield tell
        return
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=1.0)
        yield lambda job: bar.update(
            task, completed=job.progress, description=escape(job.detail or job.status)
        )
