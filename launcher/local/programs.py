"""The fleet's own programs that run to their end: the migration, and others."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

from db.migrate import NewerDatabaseError, check_not_newer
from fleet.errors import FleetError
from launcher.background import PROJECT
from launcher.local.processes import Processes
from launcher.log_ends import last_lines

MIGRATE = "migrate"


class NewerSchemaError(FleetError):
    """The dataset database is one of a newer mlfleet."""


class MigrationError(FleetError):
    """The dataset database could not be brought to the newest schema; the message ends with the log."""


class ProgramFailedError(FleetError):
    """A program ended with an error; this carries its last line."""


def check_schema(dataset_url: str) -> None:
    """Raises NewerSchemaError. dataset_url: SQLAlchemy's, of a database that may not be there yet."""
    try:
        check_not_newer(dataset_url)
    except NewerDatabaseError as error:
        raise NewerSchemaError(
            error.error, "Nothing was stopped or started. Start that version of mlfleet, or a newer one"
        ) from error


def run_migration(processes: Processes, base: Mapping[str, str], dataset_url: str) -> None:
    """base: the environment that it sees besides the database's address. Raises MigrationError."""
    with processes.open_log(MIGRATE) as output:
        done = _run(("-m", "db.migrate"), {**base, "DATABASE_URL": dataset_url}, output, output)
    if done.returncode != 0:
        raise MigrationError(
            "The dataset database could not be brought to the newest schema",
            last_lines(processes.log(MIGRATE)),
        )


def run_program(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """What this Python prints with these arguments. Raises ProgramFailedError."""
    done = _run(arguments, environment, subprocess.PIPE, subprocess.PIPE)
    if done.returncode != 0:
        ended = f"exit status {done.returncode}"
        said = done.stderr.decode(errors="replace").strip().splitlines() or [ended]
        raise ProgramFailedError(
            f"The program {' '.join(arguments[:2])} failed: {said[-1].strip()}",
            "Check with ./launch.sh status that everything is up",
        )
    return done.stdout.decode()


def _run(
    arguments: Sequence[str], environment: Mapping[str, str], output: IO[bytes] | int, errors: IO[bytes] | int
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=PROJECT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        start_new_session=True,
        check=False,
    )
