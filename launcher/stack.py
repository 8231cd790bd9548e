"""What the commands know of a stack, however it runs."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from fleet.errors import FleetError
from fleet.services import SERVICES
from launcher.accounts import AccountFiles
from launcher.background import held
from launcher.interrupts import Interrupts
from launcher.purge import Doomed
from launcher.settings import LauncherSettings, check_state_folder

POSTGRES, MLFLOW = "postgres", "mlflow"
OURS = (*(each.name for each in SERVICES), *(each.worker for each in SERVICES if each.works))
NAMES = (MLFLOW, *OURS)
PARTS = (POSTGRES, *NAMES)


WAITING = "Another ./launch.sh is starting or stopping the stack: waiting for it."
PRIVATE = ("logs", "run", "mlartifacts", "fire_brigade")  # the others see to themselves


class UnknownLogError(FleetError):
    """There is no such service, or it has not written anything yet."""


def check_known(service: str | None, known: Iterable[str]) -> None:
    """Raises UnknownLogError for a service that is none of these."""
    if service not in {None, *known}:
        raise UnknownLogError(f"There is no service {service}", f"The services are {', '.join(known)}")


@dataclass(frozen=True)
class Condition:
    """One part of the stack. state: ready, not ready, died or stopped; the rest is there while it lives."""

    name: str
    state: str
    address: str = ""
    pid: int | None = None
    memory: str = ""
    minutes: float | None = None


class Stack(ABC):
    """The fleet as processes of this machine, or in containers. environment: the user's, .env included."""

    def __init__(
        self,
        settings: LauncherSettings,
        environment: Mapping[str, str],
        console: Console,
        interrupts: Interrupts,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._console = console
        self._interrupts = interrupts
        self._accounts = AccountFiles(settings.state_dir / "secrets")

    @abstractmethod
    def up(self) -> bool:
        """Starts whatever is not up; False when all was. Stops again what it started when that fails."""

    def undo(self) -> None:
        """Stops what this object's `up` started."""
        with self._lock():
            self._undo()

    @abstractmethod
    def addresses(self) -> dict[str, str]:
        """What people open or call, by NAMES."""

    @abstractmethod
    def conditions(self) -> list[Condition]:
        """How every part is at this moment. Changes nothing."""

    @abstractmethod
    def show_logs(self, service: str | None, lines: int, *, follow: bool) -> NoReturn:
        """Becomes the program that shows the end of one log, or of all."""

    @abstractmethod
    def find_data(self) -> list[Doomed]:
        """All that a purge would delete."""

    @abstractmethod
    def kept_by_purge(self) -> str:
        """What a purge leaves, in a sentence; nothing if it is not worth one."""

    @abstractmethod
    def down(self, doomed: Sequence[Doomed] = ()) -> list[str]:
        """Stops all that runs, and deletes these while nobody can start it; the names of what ran."""

    @abstractmethod
    def run_beside_mlflow(self, *arguments: str) -> str:
        """What `python` prints with these arguments where MLflow's server runs, which must be up."""

    @abstractmethod
    def psql_line(self) -> str:
        """A shell line that opens the dataset database, without the password in it."""

    @abstractmethod
    def _undo(self) -> None: ...

    def _lock(self) -> AbstractContextManager[None]:
        return locked(self._settings.state_dir, self._console)


@contextmanager
def locked(state_dir: Path, console: Console) -> Iterator[None]:
    """Waits for any other command on this state folder; the lock goes with its holder, however that ends.

    Whatever is made below the folder meanwhile, and by what is started, is for its owner alone.
    """
    check_state_folder(state_dir, make=True)
    umask = os.umask(0o077)
    try:
        for folder in PRIVATE:
            if (state_dir / folder).is_dir():
                (state_dir / folder).chmod(0o700)
        with held(state_dir / "lock", lambda: console.print(WAITING)):
            yield
    finally:
        os.umask(umask)
