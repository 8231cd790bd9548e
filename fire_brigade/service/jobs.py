"""Starts work in the background, one piece at a time, and tells how it is."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fire_brigade.persistence.model.job import Job
from fire_brigade.persistence.repository.job_files import JobFiles, Release
from fleet.errors import BugError, ConflictError, FleetError, NotFoundError

log = logging.getLogger(__name__)

ATTEMPTS, PAUSE_S = 20, 0.05
WRITE_EVERY_S = 0.5  # of progress, which may come thousands of times a second

Progress = Callable[[float, str], None]
"""Told how far the work is, from 0 to 1, and what is being done."""

Work = Callable[[Progress], dict[str, Any]]


class JobAtWorkError(ConflictError):
    """One job at a time: two would write the same files."""

    def __init__(self, job_id: str | None) -> None:
        which = f" ({job_id})" if job_id else ""
        where = f"GET /jobs/{job_id} tells how far it is" if job_id else "Ask again in a moment"
        super().__init__(
            f"Data is being processed already{which}", f"{where}; send the request when it has ended"
        )


class UnknownJobError(NotFoundError):
    """There is no such job, or it is too long ago."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job '{job_id[:64]}'", "Use a job_id that GET /process_data answered")


class Jobs:
    """The jobs of the service."""

    def __init__(self, files: JobFiles) -> None:
        self._files = files

    def start(self, work: Work) -> str:
        """The id of a new job, which runs from now on. Raises JobAtWorkError, FileNotWrittenError."""
        release = self._lock()
        try:
            self._files.clear_up()
            job = Job(uuid.uuid4().hex, "queued")
            self._files.write(job)
            self._files.forget_old()
            threading.Thread(target=self._run, args=(job, work, release), name="job", daemon=True).start()
        except BaseException:
            release()
            raise
        return job.id

    def find(self, job_id: str) -> Job:
        """Raises UnknownJobError."""
        job = self._files.read(job_id)
        if job is None:
            raise UnknownJobError(job_id)
        return job

    def _lock(self) -> Release:
        """Patient for a moment with a job that has written its end and is about to let go."""
        for _ in range(ATTEMPTS):
            release = self._files.lock()
            if release is not None:
                return release
            at_work = self._files.at_work()
            if at_work is not None:
                raise JobAtWorkError(at_work)
            time.sleep(PAUSE_S)
        raise JobAtWorkError(None)

    def _run(self, job: Job, work: Work, release: Release) -> None:
        try:
            self._files.write(self._ended(job, work))
        except FleetError:
            log.exception("The end of a job could not be written down")
        finally:
            release()

    def _ended(self, job: Job, work: Work) -> Job:
        """The job as it is when the work is done."""
        progress = _Progress(self._files, replace(job, status="running"))
        try:
            result = work(progress)
        except FleetError as error:
            return replace(progress.job, status="failed", error=error.body())
        except BaseException:  # nobody else is told: a panic in calamine's Rust is no Exception
            log.exception("A job failed")
            return replace(progress.job, status="failed", error=BugError().body())
        return replace(progress.job, status="succeeded", progress=1.0, detail="done", result=result)


class _Progress:
    """Writes down how far a job is, not too often."""

    def __init__(self, files: JobFiles, job: Job) -> None:
        self.job = job
        self._files = files
        self._written = time.monotonic()
        files.write(job)

    def __call__(self, share: float, detail: str) -> None:
        last = self.job
        self.job = replace(last, progress=min(max(share, 0.0), 1.0), detail=detail)
        if detail != last.detail or time.monotonic() - self._written >= WRITE_EVERY_S:
            self._files.write(self.job)
            self._written = time.monotonic()
