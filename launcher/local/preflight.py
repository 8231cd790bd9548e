"""Would what is to be started start? Asked before anything that runs is stopped for it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence

from db.migrate import NewerDatabaseError, check_not_newer
from fleet.errors import FleetError
from launcher.local.plan import Service
from launcher.settings import PROJECT


class RefusedSettingsError(FleetError):
    """A service would refuse its settings."""


class NewerSchemaError(FleetError):
    """The dataset database is one of a newer mlfleet."""


def check_settings(services: Sequence[Service], base: Mapping[str, str]) -> None:
    """Reads the settings of each as it would, all at once. Raises RefusedSettingsError.

    base: the environment that a service sees besides its own settings.
    """
    asked = [
        (
            service,
            subprocess.Popen(
                [sys.executable, "-m", "fleet.settings_check", service.settings],
                cwd=PROJECT,
                env={**base, **service.told},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            ),
        )
        for service in services
        if service.settings
    ]
    said = [(service, process.communicate()[1], process.returncode) for service, process in asked]
    for service, reason, status in said:
        if status != 0:
            lines = reason.strip().splitlines() or ["no reason was given"]
            what = lines[0] if len(lines) < 3 else lines[-1]  # a traceback ends with what it is about
            raise RefusedSettingsError(
                f"{service.name} would refuse its settings: {what}",
                "Nothing was stopped or started. Correct them in the environment or in .env",
            )


def check_schema(dataset_url: str) -> None:
    """Raises NewerSchemaError. dataset_url: SQLAlchemy's, of a database that may not be there yet."""
    try:
        check_not_newer(dataset_url)
    except NewerDatabaseError as error:
        raise NewerSchemaError(
            error.error, "Nothing was stopped or started. Start that version of mlfleet, or a newer one"
        ) from error
