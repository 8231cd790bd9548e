"""A typed client of the fleet's REST services. It stands alone: the folder can be copied."""

from client.connection import Auth
from client.errors import (
    BusyError,
    CallError,
    ConflictError,
    FailedError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    RefusedError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from client.fleet import ADDRESSES, PATHS, Fleet
from client.jobs import JobFailedError, JobHandle
from client.simulator import Drift, Fouling

__all__ = [
    "ADDRESSES",
    "PATHS",
    "Auth",
    "BusyError",
    "CallError",
    "ConflictError",
    "Drift",
    "FailedError",
    "Fleet",
    "ForbiddenError",
    "Fouling",
    "InvalidError",
    "JobFailedError",
    "JobHandle",
    "NotFoundError",
    "RefusedError",
    "TimedOutError",
    "UnauthorizedError",
    "UnexpectedAnswerError",
    "UnreachableError",
]
