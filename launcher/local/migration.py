"""Brings the dataset database of a local stack to the newest schema."""

import subprocess
import sys
from collections.abc import Mapping

from fleet.errors import FleetError
from launcher.local.processes import Processes
from launcher.local.readiness import last_lines
from launcher.settings import PROJECT

MIGRATE = "migrate"


class MigrationError(FleetError):
    """The dataset database could not be brought to the newest schema; the message ends with the log."""


def run_migration(processes: Processes, base: Mapping[str, str], dataset_url: str) -> None:
    """base: the environment that it sees besides the database's address."""
    log = processes.log(MIGRATE)
    with processes.open_log(MIGRATE) as output:
        done = subprocess.run(
            [sys.executable, "-m", "db.migrate"],
            cwd=PROJECT,
            env={**base, "DATABASE_URL": dataset_url},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            check=False,
        )
    if done.returncode != 0:
        raise MigrationError(
            "The dataset database could not be brought to the newest schema",
            f"The end of the log, {log}:\n{last_lines(log)}",
        )
