"""Would the services take their settings? Asked before anything that runs is stopped for it."""

import subprocess
import sys
from collections.abc import Mapping

from fleet.errors import FleetError
from fleet.settings_check import REFUSED
from launcher.background import PROJECT


class RefusedSettingsError(FleetError):
    """A service would refuse its settings."""


def settings_of(name: str) -> str:
    """Where the class of its settings is, as `package.module:Class`. name: of a service, or of its worker."""
    name = name.removesuffix("_worker")
    return f"{name}.config.settings:{name.title().replace('_', '')}Settings"


def check_settings(environments: Mapping[str, Mapping[str, str]]) -> None:
    """Reads the settings of each service as it would, all at once. Raises RefusedSettingsError.

    environments: all that a service sees, by its name.
    """
    asked = {
        name: subprocess.Popen(
            [sys.executable, "-m", "fleet.settings_check", settings_of(name)],
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, environment in environments.items()
    }
    said = {name: process.communicate()[1].strip() for name, process in asked.items()}
    for name, process in asked.items():
        if process.returncode == REFUSED:  # whatever else may go wrong here says nothing of the settings
            raise RefusedSettingsError(
                f"{name} would refuse its settings: {said[name].splitlines()[0]}",
                "Nothing was stopped or started. Correct them in the environment or in .env",
            )
