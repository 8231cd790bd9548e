"""`python -m db.migrate`."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.orm import Session

from db.definition import Feature, Task, UseCase
from db.describe import QUEUE
from db.embedded import EmbeddedPostgres, ensure_database
from db.metadata import METADATA
from db.migrate import (
    NewerDatabaseError,
    alembic_config,
    check_not_newer,
    migrate,
    newest_revision,
)
from db.use_cases import register_use_case
from tests.conftest import free_port

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def empty_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """An empty database."""
    name = f"empty_{uuid.uuid4().hex}"
    yield ensure_database(postgres.url(), name)
    engine = create_engine(postgres.url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


def execute(url: str, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(url)
    with engine.begin() as connection:
        result = connection.execute(text(statement))
        rows = [tuple(row) for row in result] if result.returns_rows else []
    engine.dispose()
    return rows


def run(url: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if url is not None:
        environment["DATABASE_URL"] = url
    return subprocess.run(
        [sys.executable, "-m", "db.migrate"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def test_an_empty_database_gets_the_shared_tables(empty_url: str) -> None:
    migrate(empty_url)
    assert execute(empty_url, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]
    engine = create_engine(empty_url)
    tables = set(inspect(engine).get_table_names(schema="public"))
    engine.dispose()
    ours = {name for name in tables if not name.startswith(QUEUE)}
    assert ours == {table.name for table in METADATA.tables.values()} | {"alembic_version"}
    assert tables - ours, "the queue's own"


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    migrate(empty_url)
    execute(
        empty_url,
        "INSERT INTO use_cases (name, task, target, features) VALUES ('tea', 'regression', 'm', '[]')",
    )
    migrate(empty_url)
    assert execute(empty_url, "SELECT name FROM use_cases") == [("tea",)]


def test_several_at_once_take_turns(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(run, [empty_url] * 3))
    assert [outcome.returncode for outcome in outcomes] == [0, 0, 0], outcomes
    assert execute(empty_url, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]


def test_the_migrations_make_what_the_models_say(empty_url: str) -> None:
    migrate(empty_url)
    # `public` must not be the default schema, which Alembic would take for no schema at all.
    engine = create_engine(empty_url, connect_args={"options": "-c search_path=pg_catalog"})
    with engine.connect() as connection:
        options = {"include_schemas": True, "compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(
            connection,
            opts={**options, "include_name": lambda name, kind, _: kind != "schema" or name == "public"},
        )
        differences = [
            difference
            for difference in compare_metadata(context, METADATA)
            if "alembic_version" not in str(difference) and QUEUE not in str(difference)
        ]
    engine.dispose()
    assert differences == []


def test_checks_and_comments_are_those_of_the_models(empty_url: str) -> None:
    migrate(empty_url)
    engine = create_engine(empty_url)
    inspector = inspect(engine)
    for table in METADATA.tables.values():
        checks = {str(constraint.name) for constraint in table.constraints if hasattr(constraint, "sqltext")}
        stored = inspector.get_check_constraints(table.name, schema="public")
        assert {check["name"] for check in stored} == checks
        columns = inspector.get_columns(table.name, schema="public")
        assert {column["name"]: column["comment"] for column in columns} == {
            column.name: column.comment for column in table.columns
        }
    engine.dispose()


def test_the_program_migrates_and_says_nothing(empty_url: str) -> None:
    outcome = run(empty_url)
    assert (outcome.returncode, outcome.stdout) == (0, ""), outcome.stderr


def test_a_newer_database_is_one_clear_line(empty_url: str) -> None:
    migrate(empty_url)
    execute(empty_url, "UPDATE alembic_version SET version_num = '9999'")
    outcome = run(empty_url)
    assert outcome.returncode == 1
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert "newer than this version" in outcome.stderr
    assert execute(empty_url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_whether_a_database_is_newer_is_told_before_anything_is_done(empty_url: str) -> None:
    check_not_newer(empty_url)
    migrate(empty_url)
    check_not_newer(empty_url)
    execute(empty_url, "UPDATE public.alembic_version SET version_num = '9999' RETURNING 1")
    with pytest.raises(NewerDatabaseError, match="9999"):
        check_not_newer(empty_url)


def test_a_database_that_cannot_be_asked_is_not_called_newer() -> None:
    check_not_newer(f"postgresql+psycopg2://mlfleet@127.0.0.1:{free_port()}/dataset")


def test_an_unreachable_database_is_one_clear_line() -> None:
    outcome = run(f"postgresql+psycopg2://nobody:secret@127.0.0.1:{free_port()}/dataset")
    assert outcome.returncode == 1
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert "cannot be reached" in outcome.stderr
    assert "secret" not in outcome.stderr


@pytest.mark.parametrize("url", [None, "", "nonsense"])
def test_a_missing_or_odd_url_is_one_clear_line(url: str | None) -> None:
    outcome = run(url)
    assert outcome.returncode == 1
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert "DATABASE_URL" in outcome.stderr


def test_the_tables_of_an_uploaded_use_case_come_along(empty_url: str) -> None:
    migrate(empty_url)
    clouds = UseCase(name="clouds", task=Task.REGRESSION, target="height", features=(Feature(name="width"),))
    engine = create_engine(empty_url)
    with Session(engine) as session:
        register_use_case(session, clouds)
        session.execute(text("""UPDATE public.use_cases SET uploaded = '{"name": "clouds"}'"""))
        session.commit()
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
    keys = (
        "SELECT count(*) FROM pg_constraint WHERE conrelid = 'clouds.predictions'::regclass AND contype = 'f'"
    )
    triggers = (
        "SELECT count(*) FROM pg_trigger WHERE tgrelid = 'clouds.predictions'::regclass AND NOT tgisinternal"
    )
    assert (execute(empty_url, keys), execute(empty_url, triggers)) == ([(2,)], [(0,)])
    migrate(empty_url)
    assert (execute(empty_url, keys), execute(empty_url, triggers)) == ([(0,)], [(2,)])
    with Session(engine) as session:
        register_use_case(session, clouds)  # as the simulator does at each start
        session.commit()
    engine.dispose()
    assert (execute(empty_url, keys), execute(empty_url, triggers)) == ([(0,)], [(2,)])


def test_what_was_chosen_last_is_still_so(empty_url: str) -> None:
    migrate(empty_url)
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0005")
    execute(
        empty_url,
        """
        INSERT INTO use_cases (name, task, target, features) VALUES ('tea', 'regression', 'm', '[]');
        INSERT INTO deployments (use_case, model_name, hyperparameters, preprocessing, set_at)
            SELECT 'tea', 'Ridge', '{}', 'none', timestamptz '2026-01-01' + number * interval '1 day'
            FROM generate_series(1, 3) AS number;
        INSERT INTO activations (deployment_id, use_case, role, "from", until)
            SELECT id, 'tea', 'active', timestamptz '2026-02-01', '2026-02-02' FROM deployments WHERE id <> 3;
        INSERT INTO activations (deployment_id, use_case, role, "from")
            VALUES (1, 'tea', 'active', '2026-03-01');
        """,
    )
    migrate(empty_url)
    chosen = "SELECT id, chosen_at::date::text FROM deployments ORDER BY chosen_at DESC"
    assert execute(empty_url, chosen) == [(1, "2026-03-01"), (3, "2026-01-04"), (2, "2026-01-03")]
    engine.dispose()
