"""What the launcher is told: from the environment and from `.env` in the project's folder."""

import os
from collections.abc import Mapping
from errno import EACCES, ENOTDIR
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from fleet.errors import FleetError
from fleet.services import SERVICES, Service

PROJECT = Path(__file__).resolve().parent.parent
HOW_TO_WRITE = "Correct it, or remove it and begin with .env.example"
Port = Annotated[int, Field(ge=1, le=65535)]


class InvalidSettingError(FleetError):
    """A setting has a value that cannot be used."""


class LauncherSettings(BaseModel):
    """Settings of the launcher; each is read from the variable that its alias names."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state_dir: Path = Field(
        PROJECT / ".mlfleet", alias="MLFLEET_STATE_DIR", description="Folder of all data, logs and secrets."
    )
    postgres_url: SecretStr | None = Field(
        None,
        alias="MLFLEET_POSTGRES_URL",
        description="A server to use instead of the embedded one: postgresql://user:password@host:port/postgres.",
    )
    postgres_port: Port = Field(
        15432, alias="MLFLEET_POSTGRES_PORT", description="Port of the embedded PostgreSQL."
    )
    mlflow_port: Port = Field(5000, alias="MLFLEET_MLFLOW_PORT", description="Port of MLflow.")
    service_ports: Mapping[str, Port] = Field(description="Ports of the services, by variable.")
    publish_address: str = Field(
        "127.0.0.1",
        alias="PUBLISH_ADDRESS",
        description="This machine's address on which containers are reached.",
    )
    tools_address: str = Field(
        "127.0.0.1",
        alias="TOOLS_ADDRESS",
        description="The same for MLflow and the profile observability, which ask nobody who they are.",
    )
    project_name: str = Field(
        "mlfleet",
        pattern=r"^[a-z0-9][a-z0-9_-]*$",
        alias="COMPOSE_PROJECT_NAME",
        description="What the names of containers, networks and volumes begin with.",
    )
    user: str | None = Field(
        None,
        alias="MLFLEET_USER",
        description="Who the demo is, where the fleet asks for credentials: an admin.",
    )
    password: SecretStr | None = Field(None, alias="MLFLEET_PASSWORD", description="The user's password.")
    api_key: SecretStr | None = Field(
        None, alias="MLFLEET_API_KEY", description="An admin's API key, instead of a user and a password."
    )
    deleted_runs_days: int | None = Field(
        None,
        ge=1,
        le=36500,
        alias="MLFLEET_DELETED_RUNS_DAYS",
        description="Days after which `prune` deletes for good what was deleted in MLflow; never if empty.",
    )
    start_seconds: float = Field(
        120,
        gt=0,
        alias="MLFLEET_START_SECONDS",
        description="Longest wait for all to become ready, in seconds.",
    )

    @field_validator("state_dir")
    @classmethod
    def _from_project(cls, value: Path) -> Path:
        return PROJECT / value.expanduser()

    @field_validator("publish_address", "tools_address")
    @classmethod
    def _as_in_an_url(cls, value: str) -> str:
        """Names are not for Docker, and IPv6 it knows in brackets only."""
        address = str(ip_address(value.strip().strip("[]")))
        return f"[{address}]" if ":" in address else address

    def port(self, service: Service) -> int:
        """Where this service is reached."""
        return self.service_ports[service.port_setting]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises InvalidSettingError naming the variable that is wrong."""
        try:
            told = {name: value for name, value in environment.items() if value}
            ports = {each.port_setting: told.get(each.port_setting, each.port) for each in SERVICES}
            return cls.model_validate({**told, "service_ports": ports})
        except ValidationError as invalid:
            first = invalid.errors()[0]
            name, reason = first["loc"][-1], first["msg"].removeprefix("Value error, ")
            raise InvalidSettingError(
                f"{name}: {reason}", f"Correct {name} in the environment or in .env (see .env.example)"
            ) from invalid


def make_state_folder(folder: Path) -> None:
    """Makes the state folder if need be. Raises InvalidSettingError when it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(folder, str(error.strerror)) from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise _unusable(folder, os.strerror(EACCES))


def check_state_folder(folder: Path) -> None:
    """Changes nothing. Raises InvalidSettingError when something else than a folder is there."""
    try:
        if folder.exists() and not folder.is_dir():
            raise _unusable(folder, os.strerror(ENOTDIR))
    except OSError as error:
        raise _unusable(folder, str(error.strerror)) from error


def _unusable(folder: Path, reason: str) -> InvalidSettingError:
    return InvalidSettingError(
        f"MLFLEET_STATE_DIR: {folder} cannot be the folder of all data: {reason}",
        "Name a folder that you may write to in MLFLEET_STATE_DIR",
    )


def read_environment(folder: Path = PROJECT) -> dict[str, str]:
    """The variables of `folder`/.env, and over them those of the process.

    For each setting X of the launcher, `X_FILE` gives X where X itself is absent: the form that Docker and
    Kubernetes give secrets. The services read their own. Raises InvalidSettingError.
    """
    variables = _dotenv(folder / ".env") | dict(os.environ)
    named = [str(known.alias) for known in LauncherSettings.model_fields.values() if known.alias]
    for name in (*named, *(service.port_setting for service in SERVICES)):
        path = variables.pop(f"{name}_FILE", "")
        if path and not variables.get(name):
            variables[name] = _read_value(f"{name}_FILE", path)
    return variables


def _dotenv(file: Path) -> dict[str, str]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InvalidSettingError(f"{file} cannot be read: {reason}", HOW_TO_WRITE) from error
    for binding in parse_stream(StringIO(text)):
        if binding.error or "\0" in binding.original.string:
            raise InvalidSettingError(
                f"{file}, line {binding.original.line}: this is no line NAME=value", HOW_TO_WRITE
            )
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}


def _read_value(variable: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettingError(
            f"{variable} names a file that cannot be read: {getattr(error, 'strerror', 'it is not text')}",
            f"Correct {variable}",
        ) from error
