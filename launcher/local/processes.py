"""Starts processes that outlive this one, finds them again, and stops them with everything they started."""

import hashlib
import json
import os
import secrets
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import psutil

from fleet.errors import FleetError
from fleet.whole_files import write_whole
from launcher.background import PROJECT
from launcher.ports import LOOPBACK, address_at

# In the environment of each process, and so of all its descendants: tells ours from any other that has
# got the same number since, also after a change of the clock, and finds those that left the group. It begins
# with where the process is recorded: one whose record was lost is found all the same.
TOKEN = "MLFLEET_PROCESS"  # noqa: S105  # the name of a variable
LEADER_SECONDS = 25.0
REST_SECONDS = 3.0
LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Service:
    """A process of the stack, and how to tell that it is ready. A worker has no port: it is while it lives.

    told: its own settings, secrets included; never printed. accounts: stands for the content of the files of
    users and keys that it reads. host: what it listens on.
    """

    name: str
    command: Sequence[str]
    told: Mapping[str, str] = field(repr=False)
    accounts: str = ""
    host: str = LOOPBACK
    port: int = 0
    port_setting: str = ""
    ready_path: str = ""
    page: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes when a restart is needed for the settings to take effect."""
        described = json.dumps([self.command, sorted(self.told.items()), self.accounts])
        return hashlib.sha256(described.encode()).hexdigest()

    @property
    def address(self) -> str:
        return address_at(self.host, self.port) if self.port else ""

    @property
    def ready_url(self) -> str:
        return self.address + self.ready_path

    @property
    def url(self) -> str:
        """What people open or call."""
        return self.address + self.page


@dataclass(frozen=True)
class Record:
    """What is kept of a started process. fingerprint: of the service as it was then."""

    name: str
    pid: int
    token: str
    fingerprint: str


class Processes:
    """The processes recorded in one folder, each with a log of its own."""

    def __init__(self, run_folder: Path, log_folder: Path) -> None:
        self._run = run_folder.resolve()
        self._logs = log_folder
        self._children: list[psutil.Popen] = []

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def open_log(self, name: str) -> BinaryIO:
        """Opens the log to append to; one that has grown large is put aside first."""
        self._logs.mkdir(parents=True, exist_ok=True)
        log = self.log(name)
        if log.exists() and log.stat().st_size > LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        return log.open("ab")

    def start(self, service: Service, base: Mapping[str, str]) -> psutil.Process:
        """Starts the service in a session of its own and records it.

        base: the environment that it sees besides its own settings.
        Raises FileNotWrittenError, and then it does not run.
        """
        token = f"{self._file(service.name)} {secrets.token_hex(16)}"
        with self.open_log(service.name) as log:
            process = psutil.Popen(
                service.command,
                cwd=PROJECT,
                env={**base, **service.told, TOKEN: token},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._children.append(process)
        try:
            self._write(Record(service.name, process.pid, token, service.fingerprint))
        except FleetError:
            _end([process], REST_SECONDS)
            raise
        return psutil.Process(process.pid)

    def record(self, name: str) -> Record | None:
        """What was started under this name, whether or not it still runs; without its fingerprint if that
        was lost.
        """
        return self.recorded(name) or self._strays.get(name)

    def died(self, service: Service) -> bool:
        """Whether it was started as it is planned here, was not stopped, and lives no more."""
        self._reap()
        record = self.recorded(service.name)
        return record is not None and record.fingerprint == service.fingerprint and _leader(record) is None

    def start_again(self, service: Service, base: Mapping[str, str]) -> None:
        """Starts what has died, once what it left behind has ended. Raises FileNotWrittenError."""
        record = self.recorded(service.name)
        _end(_members({record.token} if record else set()), REST_SECONDS)
        self.start(service, base)

    def recorded(self, name: str) -> Record | None:
        """What is written of it; None if that was lost too."""
        with suppress(OSError, ValueError, TypeError):
            record = Record(**json.loads(self._file(name).read_text(encoding="utf-8")))
            if isinstance(record.pid, int) and isinstance(record.token, str) and record.name == name:
                return record
        return None

    @cached_property
    def _strays(self) -> dict[str, Record]:
        """Processes that carry the token of a record of this folder; looked for once one is missing."""
        found = {}
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):  # gone by now, or another user's
                token = process.environ().get(TOKEN, "")
                file = Path(token.rpartition(" ")[0])
                if file.parent == self._run and file.stem not in found:
                    # Each is the leader of a session, which its descendants' session is named after.
                    found[file.stem] = Record(file.stem, os.getsid(process.pid), token, "")
        return found

    def find(self, name: str) -> psutil.Process | None:
        """The living process of this name."""
        record = self.record(name)
        return None if record is None else _leader(record)

    def ports(self) -> set[int]:
        """The ports that living processes of these records listen on."""
        pids = {each.pid for each in _members(set(self._tokens()))}
        with suppress(psutil.Error):  # other users' processes may be hidden from us
            found = psutil.net_connections(kind="tcp")
            listening = [each for each in found if each.pid in pids and each.status == psutil.CONN_LISTEN]
            return {port for each in listening if (port := getattr(each.laddr, "port", None))}
        return set()

    def _tokens(self) -> Iterator[str]:
        for file in self._run.glob("*.json"):
            record = self.record(file.stem)
            if record is not None:
                yield record.token

    def stop(self, names: Iterable[str], patience: float | None = None) -> list[str]:
        """Stops these, all at once, with everything they started. Returns the names of those that ran.

        patience: seconds that each may take, and then what it started; by default enough for the requests
        in flight.
        """
        records = [record for name in names if (record := self.record(name)) is not None]
        leaders = {record.name: leader for record in records if (leader := _leader(record)) is not None}
        for leader in leaders.values():  # as Docker does: what it started is its own to end, as it sees fit
            with suppress(psutil.NoSuchProcess):
                leader.terminate()
        psutil.wait_procs(list(leaders.values()), timeout=LEADER_SECONDS if patience is None else patience)
        rest = _members({record.token for record in records})
        _end(rest, REST_SECONDS if patience is None else patience)
        self._reap()
        for record in records:
            self._file(record.name).unlink(missing_ok=True)
        self.__dict__.pop("_strays", None)
        return list(leaders)

    def _reap(self) -> None:
        """The dead among our children would stay zombies as long as we live."""
        self._children = [child for child in self._children if child.poll() is None]

    def _file(self, name: str) -> Path:
        return self._run / f"{name}.json"

    def _write(self, record: Record) -> None:
        write_whole({self._file(record.name): json.dumps(asdict(record)).encode()})


def _leader(record: Record) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        return process if process.environ().get(TOKEN) == record.token else None
    except psutil.Error:
        return None


def _members(tokens: Collection[str]) -> list[psutil.Process]:
    """Every living process that carries one of the tokens."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # gone by now, or another user's
            if process.environ().get(TOKEN) in tokens:
                found.append(process)
    return found


def _end(processes: list[psutil.Process], patience: float) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=patience)
    for process in alive:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=REST_SECONDS)
