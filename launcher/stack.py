"""What the commands know of a stack, however it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from fleet.errors import FleetError
from fleet.services import SERVICES
from launcher.purge import Doomed

POSTGRES = "postgres"
MLFLOW = "mlflow"
NAMES = (MLFLOW, *(service.name for service in SERVICES))


class UnknownLogError(FleetError):
    """There is no such service, or it has not written anything yet."""


@dataclass(frozen=True)
class Condition:
    """One part of the stack. state: ready, not ready, died or stopped; the rest is there while it lives."""

    name: str
    state: str
    address: str = ""
    pid: int | None = None
    memory: str = ""
    minutes: float | None = None


class Stack(Protocol):
    """The fleet as processes of this machine, or in containers."""

    def up(self) -> bool:
        """Starts whatever is not up; False when all was. Stops again what it started when that fails."""

    def undo(self) -> None:
        """Stops what this object's `up` started."""

    def addresses(self) -> dict[str, str]:
        """What people open or call, by NAMES."""

    def conditions(self) -> list[Condition]:
        """How every part is at this moment. Changes nothing."""

    def show_logs(self, service: str | None, lines: int, *, follow: bool) -> NoReturn:
        """Becomes the program that shows the end of one log, or of all."""

    def find_data(self) -> list[Doomed]:
        """All that a purge would delete."""

    def kept_by_purge(self) -> str:
        """What a purge leaves, in a sentence; nothing if it is not worth one."""

    def down(self, doomed: Sequence[Doomed] = ()) -> list[str]:
        """Stops all that runs, and deletes these while nobody can start it; the names of what ran."""

    def run_beside_mlflow(self, *arguments: str) -> str:
        """What `python` prints with these arguments where MLflow's server runs, which must be up."""

    def psql_line(self) -> str:
        """A shell line that opens the dataset database, without the password in it."""
