"""Typed settings that a service reads once, from its prefixed environment variables.

Every setting `X` of a service with the prefix `SIMULATOR_` is `SIMULATOR_X`, or `SIMULATOR_X_FILE`
naming a file that holds the value: the form that Docker and Kubernetes give secrets.
"""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from fleet.accounts import ApiKeys, Users
from fleet.errors import FleetError

SEED = 42
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["text", "json"]


def _with_driver(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    for plain in (
        "postgresql://",
        "postgres://",
    ):  # as everybody writes it; SQLAlchemy would look for psycopg 3
        text = text.replace(plain, DATABASE_SCHEME, 1) if text.startswith(plain) else text
    if not text.startswith(DATABASE_SCHEME):
        raise ValueError("it must be postgresql://user:password@host:port/name")
    return SecretStr(text)


DATABASE_SCHEME = "postgresql+psycopg2://"
DatabaseUrl = Annotated[SecretStr, AfterValidator(_with_driver)]


class InvalidSettingsError(FleetError):
    """Settings are missing or have values that cannot be used; nothing starts with them."""

    def __init__(self, error: str) -> None:
        super().__init__(error, "Correct the environment variable, then start again")


class NoAccountsError(FleetError):
    """A service that others can reach has nobody whom it could let in."""

    def __init__(self, prefix: str) -> None:
        super().__init__(
            f"{prefix}USERS and {prefix}API_KEYS are empty, and credentials are required",
            "Make a user with `./launch.sh user add NAME --role admin`, or put what "
            "`python -m fleet.credentials user NAME --role admin` prints into the file that "
            f"{prefix}USERS_FILE names, or say {prefix}AUTH=off, which lets everybody in",
        )


class FileSource(PydanticBaseSettingsSource):
    """Reads a setting from the file that `<PREFIX><FIELD>_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{self.config.get('env_prefix', '')}{field_name}_FILE".upper()
        path = os.environ.get(variable)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise InvalidSettingsError(
                f"{variable} names {path}, which cannot be read: {error.strerror}"
            ) from error
        except UnicodeDecodeError as error:
            raise InvalidSettingsError(f"{variable} names {path}, which is not a text") from error

    def __call__(self) -> dict[str, Any]:
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """Base of all settings: frozen, from the environment or from `*_FILE`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, FileSource(settings_cls)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_variables(cls, data: object, validate: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return validate(data)
        except ValidationError as error:
            # Not chained: pydantic's own text shows the values, and some are secrets.
            raise InvalidSettingsError(
                "; ".join(cls._sentence(detail) for detail in error.errors(include_input=False))
            ) from None

    @classmethod
    def _sentence(cls, detail: ErrorDetails) -> str:
        name = "_".join(str(part) for part in detail["loc"])
        return f"{cls.model_config.get('env_prefix', '')}{name}".upper() + f": {detail['msg']}"


class DatabaseSettings(Settings):
    """Where the `dataset` database is, and what opens it."""

    database_url: DatabaseUrl = Field(
        SecretStr("postgresql+psycopg2://mlfleet@127.0.0.1:15432/dataset"),
        description="The `dataset` database: `postgresql://user:password@host:port/name`.",
    )
    database_password: SecretStr | None = Field(
        None, description="Its password, instead of one in the address: as a file it is a secret of its own."
    )

    def database_address(self) -> str:
        """SQLAlchemy's URL of the database, the password included."""
        return with_password(self.database_url, self.database_password)


def with_password(address: SecretStr, password: SecretStr | None) -> str:
    """A database's URL, with the password in it if one is given apart."""
    url = address.get_secret_value()
    if password is None:
        return url
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    quoted = quote(password.get_secret_value(), safe="")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{quoted}@{host}"))


class ServiceSettings(Settings):
    """What every service is told. A service adds its own port, path, siblings and, if any, its database."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(ge=1, le=65535, description="Port to listen on.")
    base_url: str = Field("/root", pattern=r"^(/[\w.-]+)*$", description="First part of every path.")
    service_url: str = Field(
        pattern=r"^(/[\w.-]+)+$", description="Second part of every path: the service's own."
    )
    threads: int = Field(8, ge=1, description="Requests answered at the same time.")
    max_waiting: int = Field(
        256, ge=0, description="Requests that wait for one of the threads; more are answered 429."
    )
    max_body_bytes: int = Field(16 * 1024 * 1024, ge=1, description="Largest request body, in bytes.")
    max_json_depth: int = Field(
        200, ge=2, le=200, description="Deepest nesting of lists and objects in a body."
    )
    body_timeout_s: float = Field(30, gt=0, description="Seconds that a client may take to send a body.")
    request_timeout_s: float = Field(
        900,
        gt=0,
        le=1_000_000,
        description="Seconds after which a request, or a statement in the database, is given up.",
    )
    heavy_at_once: int = Field(
        2, ge=1, description="Loads, fits, scorings, searches and judgements that run at the same time."
    )
    max_heavy_waiting: int = Field(
        8, ge=0, description="Those that wait for their turn; more are answered 429."
    )
    log_level: LogLevel = Field("INFO", description="Least severe level that is logged.")
    log_format: LogFormat = Field("text", description="`text` for people, `json` for programs.")
    log_file: Path | None = Field(None, description="File that the log is also written to.")
    log_file_bytes: int = Field(
        10 * 1024 * 1024, ge=1, description="Size at which the file is set aside, in bytes."
    )
    log_file_count: int = Field(5, ge=1, description="Files set aside that are kept.")
    auth: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether credentials are required. `auto`: unless only this host can reach the service "
        "and no user or key but siblings' is given.",
    )
    publish_address: str = Field(
        "",
        description="Addresses, separated by commas, on which the host publishes the container; they count "
        "instead of `HOST`.",
    )
    users: Users = Field((), description="Users, one a line: `name:role:hash`. Better as a file.")
    api_keys: ApiKeys = Field((), description="API keys, one a line: `name:role:hash`. Better as a file.")
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Reverse proxies in front, whose `X-Forwarded-…` headers are believed."
    )

    @property
    def path(self) -> str:
        """Path that the service's routes start with."""
        return self.base_url + self.service_url

    @property
    def processes(self) -> int:
        """Worker processes; a service that can run several has a setting for it."""
        return 1

    @property
    def connections(self) -> int:
        """Connections to the database that the requests answered at the same time need."""
        return self.threads + self.heavy_at_once

    @property
    def asks_for_credentials(self) -> bool:
        """Whether a request must show credentials. Whoever configures users wants them asked for."""
        if self.auth != "auto":
            return self.auth == "on"
        addresses = (self.publish_address or self.host).split(",")
        return self._has_accounts or not all(map(_is_loopback, addresses))

    @property
    def _has_accounts(self) -> bool:
        # A sibling's key lets in nobody from outside of the fleet: it is there before there are users.
        return bool(self.users) or any(key.role != "sibling" for key in self.api_keys)

    @model_validator(mode="after")
    def _somebody_can_be_let_in(self) -> Self:
        if self.asks_for_credentials and not self._has_accounts:
            raise NoAccountsError(str(self.model_config.get("env_prefix", "")))
        return self


class DatabaseServiceSettings(DatabaseSettings, ServiceSettings):
    """What a service is told that keeps something in the `dataset` database."""


class WorkerSettings(DatabaseServiceSettings):
    """What a service is told that has jobs done by a worker: `heavy_at_once` of them at a time."""

    job_timeout_s: float = Field(
        86_400, gt=0, le=10_000_000, description="Seconds that a job may take, interruptions included."
    )
    max_jobs_waiting: int = Field(
        1000, ge=1, description="Jobs that wait for a worker; more are answered 429."
    )
    jobs_kept_days: int = Field(30, ge=1, description="Days that a job is remembered after its end.")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip(" []")).is_loopback
    except ValueError:
        return address.strip() == "localhost"
