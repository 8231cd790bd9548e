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
from launcher.background import PROJECT

HOW_TO_WRITE = "Correct it, or remove it and begin with .env.example"
Port = Annotated[int, Field(ge=1, le=65535)]


class InvalidSettingError(FleetError):
    """A setting has a value that cannot be used."""


class LauncherSettings(BaseModel):
    """Settings of the launcher: .env.example says what each of their variables is for."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state_dir: Path = Field(PROJECT / ".mlfleet", alias="MLFLEET_STATE_DIR")
    postgres_url: SecretStr | None = Field(None, alias="MLFLEET_POSTGRES_URL")
    postgres_port: Port = Field(15432, alias="MLFLEET_POSTGRES_PORT")
    mlflow_port: Port = Field(5000, alias="MLFLEET_MLFLOW_PORT")
    service_ports: Mapping[str, Port] = Field()  # by variable
    publish_address: str = Field("127.0.0.1", alias="PUBLISH_ADDRESS")
    tools_address: str = Field("127.0.0.1", alias="TOOLS_ADDRESS")
    project_name: str = Field("mlfleet", pattern=r"^[a-z0-9][a-z0-9_-]*$", alias="COMPOSE_PROJECT_NAME")
    user: str | None = Field(None, alias="MLFLEET_USER")
    password: SecretStr | None = Field(None, alias="MLFLEET_PASSWORD")
    api_key: SecretStr | None = Field(None, alias="MLFLEET_API_KEY")
    deleted_runs_days: int | None = Field(None, ge=1, le=36500, alias="MLFLEET_DELETED_RUNS_DAYS")
    start_seconds: float = Field(120, gt=0, alias="MLFLEET_START_SECONDS")

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


def check_state_folder(folder: Path, *, make: bool = False) -> None:
    """Changes nothing unless it is to make the folder, which can be written to afterwards.

    Raises InvalidSettingError when something else than a folder is there, or it is not to be had.
    """
    try:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR))
        if make and not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(EACCES, os.strerror(EACCES))
    except OSError as error:
        raise InvalidSettingError(
            f"MLFLEET_STATE_DIR: {folder} cannot be the folder of all data: {error.strerror}",
            "Name a folder that you may write to in MLFLEET_STATE_DIR",
        ) from error


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
            fault, advice = f"{name}_FILE names a file that cannot be read", f"Correct {name}_FILE"
            variables[name] = _text(Path(path), fault, advice).strip()
    return variables


def _dotenv(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    text = _text(file, f"{file} cannot be read", HOW_TO_WRITE)
    for binding in parse_stream(StringIO(text)):
        if binding.error or "\0" in binding.original.string:
            raise InvalidSettingError(
                f"{file}, line {binding.original.line}: this is no line NAME=value", HOW_TO_WRITE
            )
    return {name: value or "" for name, value in dotenv_values(stream=StringIO(text)).items()}


def _text(file: Path, fault: str, advice: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise InvalidSettingError(f"{fault}: {reason}", advice) from error
