"""Who may read MLflow's database beside MLflow."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from db.database import reading_engine
from db.embedded import EmbeddedPostgres
from mlflow_server.start import READ_BY_LISTS, let_read, make_tables
from tracking.config.settings import TrackingSettings
from tracking.persistence.repository.database_lists import READ, DatabaseLists

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


def readable(roles: Roles) -> set[str]:
    """Tables of which the reader may read anything."""
    engine = create_engine(roles.owner)
    with engine.connect() as connection:
        found = connection.execute(
            text(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND has_any_column_privilege(:role, oid, 'SELECT')"
            ),
            {"role": roles.name},
        )
        names = {row.relname for row in found}
    engine.dispose()
    return names


@pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy")  # MLflow's own
def test_a_reader_may_read_what_lists_come_from_and_nothing_else(roles: Roles) -> None:
    address = roles.owner.replace("+psycopg2", "")
    run(
        roles.owner,
        # As versions before let it.
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {roles.name}",
    )
    for _ in range(2):  # as at every start
        make_tables(address)
        let_read(address, roles.name)
    run(roles.owner, "CREATE TABLE later (name text)")
    assert readable(roles) == set(READ_BY_LISTS) == {"alembic_version", *(each.name for each in READ)}
    lists = DatabaseLists(reading_engine(roles.reader, TrackingSettings()))
    lists.check()
    assert [each.name for each in lists.experiments()] == ["Default"]
    for forbidden in (
        *("SELECT * FROM params", "SELECT * FROM later", "DELETE FROM runs", "DROP TABLE tags"),
        "CREATE TABLE mine (name text)",
    ):
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
            run(roles.reader, forbidden)
