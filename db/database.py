"""The engine and sessions of a service, through Flask-SQLAlchemy."""

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.unit_of_work import UnitOfWork

CONNECT_TIMEOUT_S = 3


def make_database(app: Flask, url: str, *, connections: int) -> SQLAlchemy:
    """Connect the app to PostgreSQL; nothing is opened until the first query.

    connections: kept in the pool, one for each request that can be answered at the same time.
    """
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_pre_ping": True,  # a restart of PostgreSQL costs no request
        "pool_size": connections,
        "max_overflow": 2,
        "pool_timeout": 10,
        "connect_args": {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "application_name": app.name,
            "options": "-c timezone=UTC",
        },
    }
    return SQLAlchemy(app)


def check_connection(session: Session) -> None:
    """Raise DatabaseUnavailableError unless PostgreSQL answers."""
    with UnitOfWork(lambda: session) as work:
        work.session.execute(text("SELECT 1"))
