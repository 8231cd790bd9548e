"""The PostgreSQL server that the stack uses: the embedded one, or the one that a setting names."""

import secrets
import shlex
import shutil
from pathlib import Path

import psycopg2
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from db.embedded import HOST, USER, EmbeddedPostgres, ensure_database, programs_folder
from fleet.errors import FleetError, UnavailableError
from fleet.whole_files import write_whole
from launcher.local.plan import Resources
from launcher.settings import InvalidSettingError, LauncherSettings

DATASET, MLFLOW = "dataset", "mlflow"


class ServerUnavailableError(UnavailableError):
    """The PostgreSQL server that MLFLEET_POSTGRES_URL names does not let us in."""


class LostSecretError(FleetError):
    """The file of a secret was emptied or overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The file {path} no longer holds the key that signs stored models",
            "Restore it; or remove it, and a new one is made: models that were not stored as ONNX, and the "
            "fire brigade's, must then be trained again",
        )


class Server:
    """Where both databases live.

    own: the server in the state folder, which may still run from before the settings named another.
    embedded: the same, or None when another is used.
    """

    def __init__(self, settings: LauncherSettings) -> None:
        self._settings = settings
        given = settings.postgres_url
        self._given = given.get_secret_value() if given else None
        self.own = EmbeddedPostgres(settings.state_dir / "postgres", settings.postgres_port)
        self.embedded = None if given else self.own

    def make_databases(self) -> None:
        """Creates both databases where they are missing; the server must be up."""
        server_url = self._server_url()
        try:
            for name in (DATASET, MLFLOW):
                ensure_database(server_url, name)
        except psycopg2.Error as error:
            raise ServerUnavailableError(
                f"PostgreSQL refuses: {str(error).strip()}",
                "Check MLFLEET_POSTGRES_URL, and that its user may create databases",
            ) from error

    def resources(self) -> Resources:
        """Addresses and secrets for the services. Makes what is secret the first time."""
        server = make_url(self._server_url()).set(drivername="postgresql+psycopg2")
        dataset, mlflow = (
            server.set(database=name).render_as_string(hide_password=False) for name in (DATASET, MLFLOW)
        )
        state = self._settings.state_dir
        return Resources(dataset, mlflow, _secret(state / "secrets" / "artifact_key"), state / "mlartifacts")

    def psql_line(self) -> str:
        """A shell line that opens the dataset database, without the password in it."""
        if self.embedded is None:
            return "psql, on the server that MLFLEET_POSTGRES_URL names, database dataset"
        password = shlex.quote(str(self.embedded.folder / "password"))
        program = "psql" if shutil.which("psql") else shlex.quote(str(programs_folder() / "psql"))
        return f"PGPASSWORD=$(cat {password}) {program} -h {HOST} -p {self.embedded.port} -U {USER} {DATASET}"

    def _server_url(self) -> str:
        if self.embedded is not None:
            return self.embedded.url()
        try:
            url = make_url(self._given or "")
        except ArgumentError as error:
            raise InvalidSettingError(
                "MLFLEET_POSTGRES_URL is not a URL",
                "Write it as postgresql://user:password@host:port/postgres",
            ) from error
        if url.get_backend_name() != "postgresql":
            raise FleetError(
                f"MLFLEET_POSTGRES_URL names {url.get_backend_name()}",
                "PostgreSQL is needed: postgresql://user:password@host:port/postgres",
            )
        return url.render_as_string(hide_password=False)


def _secret(path: Path) -> str:
    """The secret kept in this file, made at random the first time; only its owner may read it.

    Raises LostSecretError, FileNotWrittenError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        write_whole({path: secrets.token_urlsafe(32).encode()})
    try:
        secret = path.read_text(encoding="ascii")
    except UnicodeDecodeError as error:
        raise LostSecretError(path) from error
    if not secret.strip():
        raise LostSecretError(path)
    return secret
