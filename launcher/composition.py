"""Finds out which of the two ways the fleet runs here, and wires the stack of that way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from client import Fleet
from db.postmaster import find_postmaster
from fleet.errors import FleetError
from fleet.services import SERVICES
from fleet.whole_files import write_whole
from launcher.accounts import PASSWORDS, AccountFiles
from launcher.bootstrap import install_local
from launcher.calling import calls_told, fleet_at
from launcher.docker.engine import check_engine, engine_problem
from launcher.docker.stack import ComposeStack, runs_in_docker
from launcher.interrupts import Interrupts
from launcher.local.processes import Processes
from launcher.settings import (
    InvalidSettingError,
    LauncherSettings,
    check_state_folder,
    read_environment,
)
from launcher.stack import NAMES, Stack

REMEMBERED = "way"  # the file in the state folder


class Way(StrEnum):
    """How the fleet runs: as processes of this machine, or in containers."""

    LOCAL = "local"
    DOCKER = "docker"


class OtherWayRunsError(FleetError):
    """The stack was asked to start one way while it runs the other."""


class Launch:
    """What a command works on. asked: the way that its options name."""

    def __init__(self, asked: Way | None, console: Console, interrupts: Interrupts) -> None:
        self._environment = read_environment()
        self.settings = LauncherSettings.from_environment(self._environment)
        check_state_folder(self.settings.state_dir)
        self._accounts = AccountFiles(self.settings.state_dir / "secrets")
        self._held = held_way(self.settings.state_dir)
        self.way = choose(asked, self._held, self._docker_is_wanted)
        self.stack = self._wire(console, interrupts)

    def remember(self) -> None:
        """Has later commands go the same way. Raises OtherWayRunsError while the stack runs the other."""
        if self._held not in {None, self.way} and self._other_runs():
            raise OtherWayRunsError(
                f"The stack is up the other way ({self._held})",
                f"Take it down first: ./launch.sh down --{self._held}",
            )
        check_state_folder(self.settings.state_dir, make=True)
        remember(self.way, self.settings.state_dir)

    def forget(self) -> None:
        """Leaves the next start free to choose."""
        forget(self.way, self.settings.state_dir)

    @contextmanager
    def fleet(self, *, simulator: str | None = None) -> Iterator[Fleet]:
        """The services of the stack, to be called. simulator: the address of another one, with its path.

        Raises InvalidSettingError about credentials, and CallFailedError for a call that fails.
        """
        pages = self.stack.addresses()
        told = {
            each.name: urlsplit(pages[each.name])._replace(path=each.path_in(self._environment)).geturl()
            for each in SERVICES
        }
        elsewhere = {} if simulator is None else {"simulator": simulator}
        fleet = fleet_at({**told, **elsewhere}, self.settings, self._accounts.first_admin())
        with fleet, calls_told():
            yield fleet

    def passwords_file(self) -> Path:
        """Where the passwords of the fire brigade's first users stand."""
        return self._accounts.file(PASSWORDS)

    def _docker_is_wanted(self) -> bool:
        # Who names a server of their own means that one, which containers do not use.
        return self.settings.postgres_url is None and engine_problem() is None

    def _other_runs(self) -> bool:
        if self._held is Way.LOCAL:
            return runs_locally(self.settings.state_dir)
        return runs_in_docker(self.settings)

    def _wire(self, console: Console, interrupts: Interrupts) -> Stack:
        if self.way is Way.DOCKER:
            check_engine()
            if self.settings.postgres_url is not None:
                raise InvalidSettingError(
                    "MLFLEET_POSTGRES_URL names a server, and the containers bring their own",
                    "Remove it from the environment and .env, or use --local",
                )
            return ComposeStack(self.settings, self._environment, console, interrupts)
        install_local()
        # Only now: the packages that it needs are installed on this way alone.
        from launcher.local.stack import LocalStack  # noqa: PLC0415

        return LocalStack(self.settings, self._environment, console, interrupts)


def choose(asked: Way | None, held: Way | None, docker_answers: Callable[[], bool]) -> Way:
    """What was asked for goes before what the state folder holds, and that before what the machine has."""
    return asked or held or (Way.DOCKER if docker_answers() else Way.LOCAL)


def held_way(state_dir: Path) -> Way | None:
    """What the state folder belongs to: as remembered, or local where local data lies from before."""
    with suppress(FileNotFoundError, ValueError):
        return Way((state_dir / REMEMBERED).read_text(encoding="ascii").strip())
    return Way.LOCAL if (state_dir / "postgres").exists() else None


def remember(way: Way, state_dir: Path) -> None:
    """Notes the way for every later command; the state folder is there."""
    write_whole({state_dir / REMEMBERED: f"{way}\n".encode()})


def forget(way: Way, state_dir: Path) -> None:
    """Leaves the next start free to choose, if this way is what was remembered."""
    if held_way(state_dir) is way:
        (state_dir / REMEMBERED).unlink(missing_ok=True)


def runs_locally(state_dir: Path) -> bool:
    """Whether a process of the stack lives that was started from this state folder, PostgreSQL's included."""
    processes = Processes(state_dir / "run", state_dir / "logs")
    server = find_postmaster((state_dir / "postgres" / "data").resolve())
    return server is not None or any(map(processes.find, NAMES))
