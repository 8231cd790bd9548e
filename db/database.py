"""The engine and sessions of a service, through Flask-SQLAlchemy."""

from collections.abc import Callable
from functools import cache
from typing import cast

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import NullPool, QueuePool

from db.migrate import newest_revision
from db.unit_of_work import UnitOfWork
from fleet.errors import UnavailableError

DATABASE = "The dataset database"  # as it is called where it does not answer
CONNECT_TIMEOUT_S = 3
# A server that has vanished while its answer is waited for is noticed after 30 s.
KEEPALIVES = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
SILENCE_TIMEOUT_MS = 30_000  # a server that does not even acknowledge what it is sent is taken for lost
LOCK_TIMEOUT_S = 120


class SchemaMismatchError(UnavailableError):
    """The database is not migrated to what this version of the code was written for."""

    def __init__(self, found: str | None, expected: str) -> None:
        super().__init__(
            f"The dataset database has schema {found or 'none'}, and this version needs {expected}",
            "Run python -m db.migrate of this version; if the schema is newer, use the newer version",
        )


def make_database(app: Flask, url: str, *, connections: int, statement_timeout_s: float) -> SQLAlchemy:
    """Connect the app to PostgreSQL; nothing is opened until the first query.

    connections: kept in the pool, one for each request that can be answered at the same time.
    statement_timeout_s: PostgreSQL ends a statement, a COPY too, that takes longer than its request may.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": True,  # a restart of PostgreSQL costs no request
        "pool_size": connections,
        "max_overflow": 2,
        "pool_timeout": 10,
        "hide_parameters": True,  # they are people's rows, and an error's text is logged
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": app.name,
            "options": f"-c timezone=UTC -c lock_timeout={LOCK_TIMEOUT_S}s "
            f"-c statement_timeout={1000 * statement_timeout_s:.0f}",
            "tcp_user_timeout": SILENCE_TIMEOUT_MS,
            **KEEPALIVES,
        },
    }
    return SQLAlchemy(app)


def own_connections(app: Flask, database: SQLAlchemy) -> Engine:
    """Opens a connection for whoever asks, outside of the pool, and commits each statement.

    For what keeps a connection as long as a request lasts, and would leave none for the others.
    """
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    with app.app_context():
        url = database.engine.url
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args=options["connect_args"],
    )


def reading_engine(url: str, *, connections: int, statement_timeout_s: float) -> Engine:
    """Connections to a database of somebody else's, of which nothing but reading is asked."""
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": "-c default_transaction_read_only=on "
            f"-c statement_timeout={1000 * statement_timeout_s:.0f}",
            "tcp_user_timeout": SILENCE_TIMEOUT_MS,
            **KEEPALIVES,
        },
    )


def background_sessions(app: Flask, database: SQLAlchemy, *, connections: int) -> sessionmaker[Session]:
    """Opens sessions for threads that belong to no request, on connections of their own."""
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    with app.app_context():
        url = database.engine.url
    return sessionmaker(
        create_engine(
            url,
            pool_pre_ping=True,
            pool_size=connections,
            max_overflow=0,
            hide_parameters=True,
            connect_args=options["connect_args"],
        )
    )


def connections_in_use(app: Flask, database: SQLAlchemy) -> Callable[[], int]:
    """Counts the connections that are lent out by the pool of this process."""
    with app.app_context():
        engine = database.engine
    return lambda: cast(QueuePool, engine.pool).checkedout()


def check_database(session: Session) -> None:
    """Raise DatabaseUnavailableError unless PostgreSQL answers, SchemaMismatchError if it is not migrated."""
    with UnitOfWork(lambda: session) as work:
        found = work.session.scalar(text("SELECT max(version_num) FROM public.alembic_version"))
    if found != _expected_revision():
        raise SchemaMismatchError(found, _expected_revision())


@cache
def _expected_revision() -> str:
    return newest_revision()
