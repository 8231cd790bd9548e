"""One transaction: it rolls back unless it is told to commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psycopg2
from psycopg2.errors import InvalidSchemaName, UndefinedTable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from fleet.errors import (
    AwayError,
    ConflictError,
    FleetError,
    InvalidRequestError,
    OutOfTimeError,
    UnavailableError,
)

# SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html
UNAVAILABLE_CLASSES = ("08", "57P")  # connection lost, shutting down
OUT_OF_RESOURCES = ("53",)
LIMIT_EXCEEDED = ("54",)
TIMED_OUT = ("57014",)
SIMULTANEOUS = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock not available


class DatabaseUnavailableError(AwayError):
    """PostgreSQL refused the connection, or dropped it."""

    def __init__(self) -> None:
        super().__init__(
            "The dataset database cannot be reached",
            "Check that PostgreSQL is running, then send the request again",
        )


class OutOfResourcesError(UnavailableError):
    """PostgreSQL is running, but its disk, memory or connections are used up."""

    def __init__(self) -> None:
        super().__init__(
            "The dataset database is out of disk, memory or connections",
            "Nothing was changed. Free some of it, as PostgreSQL's log says, then send the request again",
        )


class SimultaneousChangeError(ConflictError):
    """PostgreSQL gave this transaction up in favour of another one."""

    def __init__(self) -> None:
        super().__init__(
            "Another request is changing the same rows", "Nothing was changed. Send the request again"
        )


class TooLargeToStoreError(InvalidRequestError):
    """A row is larger than PostgreSQL's limits."""

    def __init__(self) -> None:
        super().__init__(
            "A row is larger than PostgreSQL can store",
            "Nothing was changed. Give fewer features, or shorter names",
        )


class TableMissingError(UnavailableError):
    """The database has not been migrated, or somebody has dropped a table."""

    def __init__(self) -> None:
        super().__init__(
            "The dataset database lacks a table that this service needs",
            "Run python -m db.migrate, then start the simulator, which makes the tables of its use cases",
        )


TOLD: tuple[tuple[tuple[str, ...], Callable[[], FleetError]], ...] = (
    (UNAVAILABLE_CLASSES, DatabaseUnavailableError),
    (OUT_OF_RESOURCES, OutOfResourcesError),
    (LIMIT_EXCEEDED, TooLargeToStoreError),
    (TIMED_OUT, OutOfTimeError),
    (SIMULTANEOUS, SimultaneousChangeError),
)


class UnitOfWork:
    """The transaction that a service opens; each service's subclass adds its repositories.

    sessions: gives the session to work in; it is closed, not discarded, at the end.
    """

    session: Session

    def __init__(self, sessions: Callable[[], Session]) -> None:
        self._sessions = sessions

    def __enter__(self) -> Self:
        self.session = self._sessions()
        return self

    def commit(self) -> None:
        self.session.commit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.session.rollback()
            self.session.close()
        except (DBAPIError, psycopg2.Error):
            self.session.invalidate()  # the connection is gone: the pool must not hand it out again
        told = _translate(error)
        if told is not None:
            raise told from error


@contextmanager
def translated() -> Iterator[None]:
    """Raise what a client is told about an error of PostgreSQL in the error's place."""
    try:
        yield
    except (DBAPIError, PoolTimeoutError, psycopg2.Error) as error:
        told = _translate(error)
        if told is None:
            raise
        raise told from error


def _translate(error: BaseException | None) -> FleetError | None:
    """What a client is told about an error that PostgreSQL or the way to it gave; None for any other."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, PoolTimeoutError | psycopg2.InterfaceError):
        return DatabaseUnavailableError()
    if isinstance(cause, psycopg2.OperationalError):
        # Without a code, it is the client library that could not talk to the server.
        if cause.pgcode is None:
            return DatabaseUnavailableError()
        for codes, told in TOLD:
            if cause.pgcode.startswith(codes):
                return told()
    return TableMissingError() if isinstance(cause, UndefinedTable | InvalidSchemaName) else None
