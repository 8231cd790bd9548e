"""Long work that outlives the request that asked for it: the words that its parts share.

A *job* is a row of the database. A *worker* takes it up and does its *task* in a child process, which can be
killed at any moment. What was interrupted is taken up again: an *attempt*. So a task asks first what an
earlier attempt has done.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

from fleet.caller import Caller
from fleet.errors import BusyError, ConflictError, FleetError, NotFoundError, OutOfTimeError
from fleet.paging import Page, PageRequest
from fleet.patience import Patience

State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
AT_WORK: tuple[State, ...] = ("queued", "running")
Progress = Callable[[float, str], None]
"""Told how far the work is, from 0 to 1, and what is being done."""

S = TypeVar("S")
S_contra = TypeVar("S_contra", contravariant=True)


@dataclass(frozen=True)
class Job:
    """A job as it is. kind: the name of its task. progress: from 0 to 1. detail: what is being done.

    result: of one that succeeded. error: of one that failed, with its HTTP status.
    """

    id: str
    kind: str
    status: State
    progress: float
    detail: str
    attempts: int
    actor: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.status not in AT_WORK


@dataclass(frozen=True)
class Asked:
    """What a job is asked with. kind: the name of its task, which is told the arguments.

    lock: no second job with it at a time; empty: any number. request: by what the request that asks finds its
    job where the answer was lost; empty: it does not.
    """

    kind: str
    arguments: Mapping[str, Any]
    caller: Caller
    lock: str = ""
    request: str = ""


@dataclass(frozen=True)
class Work:
    """What a task is given. tell: writes down how far it is; ends the process where the job is another's.

    answer: ends the job with a result before the task returns, for what nobody need wait for.
    """

    job_id: str
    attempt: int
    arguments: Mapping[str, Any]
    caller: Caller
    tell: Progress
    answer: Callable[[dict[str, Any]], None]


class GiveUp(Protocol[S_contra]):
    """Ends what attempts have left behind. Does nothing twice. status: "cancelled" or "failed"."""

    def __call__(self, services: S_contra, work: Work, status: State, reason: str) -> None: ...


@dataclass(frozen=True)
class Task(Generic[S]):
    """What a kind of job does with a service's working parts.

    run: returns the result, ready for JSON, unless it has answered with one. What it raises is the job's
    end, but for AwayError: then it is tried again. give_up: of a task that leaves something behind.
    """

    run: Callable[[S, Work], dict[str, Any] | None]
    give_up: GiveUp[S] | None = None


class Jobs(Protocol):
    """The jobs of one service, as its web sees them; see db.jobs.jobs."""

    def submit(self, asked: Asked) -> Job: ...

    def find(self, job_id: str) -> Job: ...

    def page(self, state: State | None, asked: PageRequest) -> Page[Job]: ...

    def cancel(self, job_id: str) -> Job: ...

    def wait(self, job_id: str, patience: Patience) -> Job: ...


class UnknownJobError(NotFoundError):
    """There is no such job, or it ended too long ago."""

    def __init__(self, job_id: str) -> None:
        super().__init__(f"There is no job '{job_id[:64]}'", "GET the list of jobs for those that there are")


class JobAtWorkError(ConflictError):
    """Two jobs of the kind would write the same things."""

    def __init__(self, what: str, job_id: str) -> None:
        super().__init__(
            f"{what} is being done already ({job_id})",
            f"GET jobs/{job_id} tells how far it is; send the request when it has ended",
        )


class TooManyJobsError(BusyError):
    """As many jobs wait for a worker as may."""

    retry_after_s = 60

    def __init__(self, most: int) -> None:
        super().__init__(
            f"{most} jobs wait for a worker already",
            "Cancel some of them, wait, or start more workers of the service",
        )


class JobEndedError(ConflictError):
    """There is nothing left to cancel."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"The job has ended already: it is {job.status}", "Nothing was changed")


class JobGoesOnError(OutOfTimeError):
    """The request has waited as long as it may. The job has not ended with it.

    accepted: what those are answered who send the request again with its Idempotency-Key.
    """

    accepted: tuple[dict[str, Any], int, dict[str, str]] | None = None

    def __init__(self, job_id: str) -> None:
        FleetError.__init__(
            self,
            "The work takes longer than a request may; it goes on without it",
            f"GET jobs/{job_id} tells how far it is, DELETE jobs/{job_id} ends it",
        )


class JobOutOfTimeError(OutOfTimeError):
    """A job took longer than a job may."""

    def __init__(self, seconds: float) -> None:
        FleetError.__init__(
            self,
            f"The job took longer than {seconds:.0f} s, and was ended",
            "Ask for less at a time, or raise the service's JOB_TIMEOUT_S",
        )


class JobDiedError(FleetError):
    """The process that did the job has died several times without getting any further."""

    def __init__(self) -> None:
        super().__init__(
            "The process that did the job has died again and again, perhaps for want of memory",
            "Ask for less at a time, or give the worker more memory",
        )


class JobCancelledError(ConflictError):
    """Somebody has cancelled the job that the request waits for."""

    def __init__(self) -> None:
        super().__init__("The job was cancelled", "Send the request again if it is still wanted")


class JobFailedError(FleetError):
    """The job's own error, in the process that waits for it."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error["error"]), str(error["message"]))
        self.status = int(error["status"])  # type: ignore[misc]  # known only when raised
        self.code = str(error["code"])


def told(error: FleetError) -> dict[str, Any]:
    """A job's error, ready for JSON; JobFailedError reads it."""
    return {**error.body(), "status": error.status}
