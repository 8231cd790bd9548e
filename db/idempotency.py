"""Answers to requests that came with an Idempotency-Key, where every replica finds them."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import BigInteger, ColumnElement, Connection, Engine, func, select, type_coerce
from sqlalchemy.dialects.postgresql import insert

from db.shared import IdempotentAnswerRow
from db.unit_of_work import translated
from fleet.idempotency import KEPT_FOR, KeptAnswer, KeyedRequest, RequestRunningError


class PostgresClaim:
    """A key that this connection has locked, or whose answer is known."""

    def __init__(self, connection: Connection, request: KeyedRequest, found: KeptAnswer | None) -> None:
        self._connection = connection
        self._request = request
        self.found = found

    def keep(self, answer: KeptAnswer) -> None:
        """Keep the answer, in place of one that is too old. Raises DatabaseUnavailableError."""
        values = {**vars(answer), "kept_at": func.now()}
        statement = insert(IdempotentAnswerRow).values(**vars(self._request), **values)
        keys = ["service", "route", "caller", "key"]
        with translated():
            self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


class AnswerStore:
    """`idempotent_answers`. engine: opens a connection for each claim, and commits each statement.

    A key is claimed by an advisory lock of that connection: PostgreSQL frees it when the connection ends,
    and so does the death of the process.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def claim(self, request: KeyedRequest) -> Iterator[PostgresClaim]:
        """The key until the block ends. Raises RequestRunningError, DatabaseUnavailableError."""
        with translated(), self._engine.connect() as connection:
            found = _find(connection, request)
            if found is None:
                if not connection.scalar(select(func.pg_try_advisory_lock(_lock(request)))):
                    raise RequestRunningError
                found = _find(connection, request)  # it may have been answered just before the lock was free
            yield PostgresClaim(connection, request, found)


def _find(connection: Connection, request: KeyedRequest) -> KeptAnswer | None:
    row = IdempotentAnswerRow
    query = select(row.digest, row.status, row.body).where(row.kept_at > func.now() - KEPT_FOR)
    for name, value in vars(request).items():
        query = query.where(getattr(row, name) == value)
    found = connection.execute(query).one_or_none()
    return None if found is None else KeptAnswer(bytes(found.digest), found.status, found.body)


def _lock(request: KeyedRequest) -> ColumnElement[int]:
    text = " ".join(("idempotency", request.service, request.route, request.caller, request.key))
    return type_coerce(func.hashtextextended(text, 0), BigInteger)
