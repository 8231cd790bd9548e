"""Who may read MLflow's database beside MLflow."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from db.embedded import EmbeddedPostgres
from mlflow_server.start import let_read

PASSWORD = secrets.token_hex()


@dataclass(frozen=True)
class Roles:
    """owner, reader: addresses of one database, as its owner and as who may read it. name: the reader's."""

    owner: str
    reader: str
    name: str


@pytest.fixture
def roles(postgres: EmbeddedPostgres) -> Iterator[Roles]:
    """A database that nobody but its owner may connect to, as in the containers."""
    mark = secrets.token_hex(4)
    owner, reader, database = f"owner_{mark}", f"reader_{mark}", f"mlflow_{mark}"
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for role in (owner, reader):
            connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'"))
        connection.execute(text(f"CREATE DATABASE {database} OWNER {owner}"))
        connection.execute(text(f"REVOKE CONNECT ON DATABASE {database} FROM PUBLIC"))
        url = make_url(postgres.url(database))
        addresses = [
            url.set(username=role, password=PASSWORD).render_as_string(hide_password=False)
            for role in (owner, reader)
        ]
        yield Roles(addresses[0], addresses[1], reader)
        connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
        for role in (owner, reader):
            connection.execute(text(f"DROP ROLE {role}"))
    engine.dispose()


def run(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_a_reader_may_read_what_is_there_and_what_comes_and_nothing_else(roles: Roles) -> None:
    run(roles.owner, "CREATE TABLE runs (name text)")
    for _ in range(2):  # as at every start
        let_read(roles.owner.replace("+psycopg2", ""), roles.name)
    run(roles.owner, "CREATE TABLE tags (name text)")
    run(roles.reader, "SELECT * FROM runs", "SELECT * FROM tags")
    for forbidden in ("DELETE FROM runs", "CREATE TABLE mine (name text)", "DROP TABLE tags"):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            run(roles.reader, forbidden)
