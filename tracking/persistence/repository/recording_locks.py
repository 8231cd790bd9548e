"""Tells recordings that are being made from those whose process has ended, across all replicas."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, ColumnElement, Engine, func, literal, select, type_coerce

from db.unit_of_work import translated


class RecordingLocks:
    """An advisory lock in PostgreSQL for each recording; it ends with the connection, so with the process.

    engine: opens a connection for each recording, and commits each statement.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def held(self, recording: str) -> Iterator[Callable[[], None]]:
        """Make the recording one's own until the block ends.

        Yields what raises DatabaseUnavailableError once the lock is lost, as when PostgreSQL was restarted.
        """
        with translated(), self._engine.connect() as connection:
            connection.execute(select(func.pg_advisory_lock(_key(recording))))

            def check() -> None:
                with translated():
                    connection.execute(select(literal(1)))  # another connection would not hold it

            yield check

    def is_held(self, recording: str) -> bool:
        """Whether somebody makes the recording."""
        with translated(), self._engine.connect() as connection:
            return not connection.scalar(select(func.pg_try_advisory_lock(_key(recording))))


def _key(recording: str) -> ColumnElement[int]:
    return type_coerce(func.hashtextextended(f"recording {recording}", 0), BigInteger)
