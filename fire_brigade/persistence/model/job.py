"""Work that goes on after its request was answered."""

from dataclasses import dataclass
from typing import Any, Literal

JobStatus = Literal["queued", "running", "succeeded", "failed"]
AT_WORK: tuple[JobStatus, ...] = ("queued", "running")


@dataclass(frozen=True)
class Job:
    """How a job is. progress: from 0 to 1; result or error: once it has ended, the one or the other."""

    id: str
    status: JobStatus
    progress: float = 0.0
    detail: str = ""
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
