"""The dataset database, as one process of a service asks it."""

from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool, QueuePool

from db.migrate import newest_revision
from db.unit_of_work import UnitOfWork
from fleet.errors import UnavailableError
from fleet.settings import DatabaseServiceSettings

DATABASE = "The dataset database"  # as it is called where it does not answer
CONNECT_TIMEOUT_S = 3
# A server that has vanished while its answer is waited for is noticed after 30 s.
KEEPALIVES = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
SILENCE_TIMEOUT_MS = 30_000  # a server that does not even acknowledge what it is sent is taken for lost
LOCK_TIMEOUT_S = 120
WAIT_S = 10  # for a connection of the pool
MORE_CONNECTIONS = 2  # than the requests should need


class SchemaMismatchError(UnavailableError):
    """The database is not migrated to what this version of the code was written for."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"The dataset database has schema {found or 'none'}, and this version needs {expected}",
            "Run python -m db.migrate of this version; if the schema is newer, use the newer version",
        )


class Database:
    """Connections to PostgreSQL; none is opened before the first query.

    name: of the service, by which PostgreSQL lists it. sessions: opens a session on a connection of the pool,
    which has one for each request that can be answered at the same time. PostgreSQL ends a statement, a COPY
    too, that takes longer than its request may.
    """

    def __init__(self, name: str, settings: DatabaseServiceSettings) -> None:
        self._url = settings.database_address()
        self._connect_args = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": name,
            "options": f"-c timezone=UTC -c lock_timeout={LOCK_TIMEOUT_S}s "
            f"-c statement_timeout={1000 * settings.request_timeout_s:.0f}",
            "tcp_user_timeout": SILENCE_TIMEOUT_MS,
            **KEEPALIVES,
        }
        self.connections = settings.connections
        self._engine = self._pooled(self.connections, max_overflow=MORE_CONNECTIONS, pool_timeout=WAIT_S)
        self.sessions = sessionmaker(self._engine)

    def own_connections(self) -> Engine:
        """Opens a connection for whoever asks, outside of the pool, and commits each statement.

        For what keeps a connection as long as a request lasts, and would leave none for the others.
        """
        return self._made(poolclass=NullPool, isolation_level="AUTOCOMMIT")

    def background_sessions(self, connections: int) -> Callable[[], Session]:
        """Opens sessions for threads that belong to no request, on connections of their own."""
        return sessionmaker(self._pooled(connections, max_overflow=0))

    def in_use(self) -> int:
        """How many connections are lent out by the pool of this process."""
        return cast(QueuePool, self._engine.pool).checkedout()

    def check(self) -> None:
        """Raise DatabaseUnavailableError where PostgreSQL does not answer, SchemaMismatchError."""
        with UnitOfWork(self.sessions) as work:
            found = work.session.scalar(text("SELECT max(version_num) FROM public.alembic_version"))
        if found != newest_revision():
            raise SchemaMismatchError(found, newest_revision())

    def _pooled(self, connections: int, **options: Any) -> Engine:
        """pool_pre_ping: a restart of PostgreSQL costs no request."""
        return self._made(pool_pre_ping=True, pool_size=connections, **options)

    def _made(self, **options: Any) -> Engine:
        """hide_parameters: they are people's rows, and an error's text is logged."""
        return create_engine(self._url, hide_parameters=True, connect_args=self._connect_args, **options)


def reading_engine(url: str, settings: DatabaseServiceSettings) -> Engine:
    """Connections to a database of somebody else's, of which nothing but reading is asked."""
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=settings.connections,
        max_overflow=0,
        pool_timeout=WAIT_S,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": "-c default_transaction_read_only=on "
            f"-c statement_timeout={1000 * settings.request_timeout_s:.0f}",
            "tcp_user_timeout": SILENCE_TIMEOUT_MS,
            **KEEPALIVES,
        },
    )
