"""Keeps jobs in files, one each, that every worker process reads, and that outlive the service.

Whoever works on a job holds a lock that the operating system takes from a process that dies. So a job that
is at work by its file, while nobody holds the lock, was ended by the death of its service.
"""

import fcntl
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from fire_brigade.persistence.model.job import AT_WORK, Job
from fleet.whole_files import FileNotWrittenError, write_whole

log = logging.getLogger(__name__)

JOB_ID = re.compile(r"[0-9a-f]{32}")
LOCK = "at-work.lock"
MOST_KEPT = 200
STOPPED = {
    "code": "service_stopped",
    "error": "the service stopped",
    "message": "It ended before the job did, which changed no file: start the job again",
}

Release = Callable[[], None]


class JobFiles:
    """The jobs below a folder, of which one at a time is worked on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lock(self) -> Release | None:
        """Takes the right to work on a job; what gives it back, or None while another has it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            held = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise FileNotWrittenError(LOCK, error) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(held)
            return None
        return lambda: os.close(held)

    def write(self, job: Job) -> None:
        """Raises FileNotWrittenError."""
        write_whole({self._path(job.id): json.dumps(asdict(job)).encode()})

    def read(self, job_id: str) -> Job | None:
        """The job as it is, or None if there is none."""
        job = self._read(job_id)
        if job is None or job.status not in AT_WORK:
            return job
        with self._idle() as idle:
            if not idle:
                return job
            job = self._read(job_id)  # it may have ended in the meantime
            return None if job is None else self._ended(job)

    def at_work(self) -> str | None:
        """The id of the job at work, if its file tells of it already."""
        return next((job.id for job in self._newest() if job.status in AT_WORK), None)

    def clear_up(self) -> None:
        """Ends the jobs of services that died, and removes what they left half-written; under the lock.

        Raises FileNotWrittenError.
        """
        for leftover in self._folder.glob(".*.json.*"):
            leftover.unlink(missing_ok=True)
        for job in list(self._newest()):
            self._ended(job)

    def forget_old(self) -> None:
        """Deletes all but the newest."""
        for path in self._paths()[MOST_KEPT:]:
            path.unlink(missing_ok=True)

    def _ended(self, job: Job) -> Job:
        """The job as it is when nobody works on it: what its file calls at work has stopped."""
        if job.status in AT_WORK:
            job = replace(job, status="failed", error=STOPPED)
            self.write(job)
        return job

    @contextmanager
    def _idle(self) -> Iterator[bool]:
        """Whether nobody works on a job, which stays so for the block."""
        release = self.lock()
        try:
            yield release is not None
        finally:
            if release is not None:
                release()

    def _newest(self) -> Iterator[Job]:
        for path in self._paths():
            job = self._read(path.stem)
            if job is not None:
                yield job

    def _paths(self) -> list[Path]:
        """Files of jobs, the one written last first."""
        found = [path for path in self._folder.glob("*.json") if JOB_ID.fullmatch(path.stem)]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns, reverse=True)

    def _read(self, job_id: str) -> Job | None:
        if not JOB_ID.fullmatch(job_id):
            return None
        try:
            return Job(**json.loads(self._path(job_id).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError):  # damaged: no reason for the other jobs to fail
            log.warning("The file of the job %s is damaged, and counts as none", job_id)
            return None

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.json"
