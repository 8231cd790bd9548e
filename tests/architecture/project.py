"""What the architecture tests find in the project."""

import importlib
import subprocess
from pathlib import Path

from fleet.services import SERVICES
from fleet.settings import ServiceSettings
from tests.accounts import USERS

PROJECT = Path(__file__).parents[2]


def services() -> list[Path]:
    """Folders of the services."""
    return [PROJECT / service.name for service in SERVICES]


def modules(*roots: str) -> list[Path]:
    """Our Python files below these folders of the project."""
    return sorted(path for root in roots for path in (PROJECT / root).rglob("*.py"))


def tracked_files() -> list[Path]:
    """Every file that git tracks and that is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, check=True, timeout=280
    ).stdout
    paths = [PROJECT / name for name in listed.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def settings_of(service: Path) -> type[ServiceSettings]:
    module = importlib.import_module(f"{service.name}.config.settings")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value.__module__ == module.__name__
    )
    return found


def told(folder: Path) -> dict[str, str]:
    """Variables of services that do not start without any; what they write goes below the folder."""
    users = "\n".join(f"{user.name}:{user.role}:{user.password_hash}" for user in USERS)
    return {
        "ML_MODEL_ARTIFACT_KEY": "k" * 16,
        "FIRE_BRIGADE_ARTIFACT_KEY": "k" * 16,
        "FIRE_BRIGADE_USERS": users,
        "FIRE_BRIGADE_CHEMIN_DATA": str(folder / "data"),
        "FIRE_BRIGADE_CHEMIN_MODEL": str(folder / "models"),
        "FIRE_BRIGADE_LOG_DIRECTORY": str(folder / "logs"),
    }
