"""Bring the `dataset` database to the newest schema: `DATABASE_URL=... python -m db.migrate`.

Nothing is ever deleted. Safe to run at any time, also by several at once.
"""

import sys
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from pydantic import Field
from pydantic_settings import SettingsConfigDict
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from fleet.errors import ConflictError
from fleet.settings import DatabaseSettings, DatabaseUrl, InvalidSettingsError


class MigrationSettings(DatabaseSettings):
    """What the migration is told."""

    model_config = SettingsConfigDict(env_prefix="")

    database_url: DatabaseUrl = Field(
        description="The `dataset` database: postgresql://user:password@host:port/name."
    )


class NewerDatabaseError(ConflictError):
    """The database has a revision that this version does not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The dataset database is newer than this version of mlfleet: it has revision {revision}",
            "Use the version that made it, or a newer one",
        )


def alembic_config() -> Config:
    """Alembic's configuration, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


@cache
def newest_revision() -> str:
    """The revision that this code was written for."""
    return str(ScriptDirectory.from_config(alembic_config()).get_current_head())


def check_not_newer(url: str) -> None:
    """Raises NewerDatabaseError; nothing if the database cannot be asked."""
    engine = create_engine(url, connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as connection:
            found = MigrationContext.configure(
                connection, opts={"version_table_schema": "public"}
            ).get_current_heads()
    except (OperationalError, ArgumentError):
        return
    finally:
        engine.dispose()
    known = {revision.revision for revision in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if unknown := sorted(set(found) - known):
        raise NewerDatabaseError(unknown[0])


def migrate(url: str) -> None:
    """Upgrade the database at this SQLAlchemy URL; one migration at a time, the others wait."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('mlfleet migration'))"))
            _upgrade(connection)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def main() -> int:
    """Migrate; on a failure print one line and return 1."""
    try:
        migrate(MigrationSettings().database_address())
    except InvalidSettingsError as error:
        return _fail(error.error)
    except ArgumentError:
        return _fail("DATABASE_URL is not a database's address: postgresql://user:password@host:port/name")
    except OperationalError as error:
        return _fail(f"The dataset database cannot be reached: {error.orig}")
    except DBAPIError as error:
        return _fail(f"The migration was refused: {error.orig}")
    except CommandError as error:
        return _fail(f"The database is newer than this version of mlfleet: {error}")
    return 0


def _fail(reason: str) -> int:
    print(" ".join(reason.split()), file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
