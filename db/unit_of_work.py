"""One transaction: it rolls back unless it is told to commit."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

import psycopg2
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from fleet.errors import UnavailableError

CONNECTION_ERRORS = (
    OperationalError,
    InterfaceError,
    PoolTimeoutError,
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
)


class DatabaseUnavailableError(UnavailableError):
    """PostgreSQL refused the connection, or dropped it."""

    def __init__(self) -> None:
        super().__init__(
            "The dataset database cannot be reached",
            "Nothing was changed. Check that PostgreSQL is running, then send the request again",
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
        if isinstance(error, CONNECTION_ERRORS):
            raise DatabaseUnavailableError from error
