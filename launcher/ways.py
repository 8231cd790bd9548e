"""The two ways to run the fleet, and which of them a state folder belongs to."""

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from fleet.whole_files import write_whole


class Way(StrEnum):
    """How the fleet runs: as processes of this machine, or in containers."""

    LOCAL = "local"
    DOCKER = "docker"

    @property
    def option(self) -> str:
        """The option of `./launch.sh` that asks for it."""
        return f"--{self}"


def choose(asked: Way | None, held: Way | None, docker_answers: Callable[[], bool]) -> Way:
    """What was asked for goes before what the state folder holds, and that before what the machine has."""
    if asked is not None:
        return asked
    if held is not None:
        return held
    return Way.DOCKER if docker_answers() else Way.LOCAL


def held_way(state_dir: Path) -> Way | None:
    """What the state folder belongs to: as remembered, or local where local data lies from before."""
    with suppress(FileNotFoundError, ValueError):
        return Way(_file(state_dir).read_text(encoding="ascii").strip())
    return Way.LOCAL if (state_dir / "postgres").exists() else None


def remember(way: Way, state_dir: Path) -> None:
    """Notes the way for every later command; the state folder is there."""
    write_whole({_file(state_dir): f"{way}\n".encode()})


def forget(way: Way, state_dir: Path) -> None:
    """Leaves the next start free to choose, if this way is what was remembered."""
    if held_way(state_dir) is way:
        _file(state_dir).unlink(missing_ok=True)


def _file(state_dir: Path) -> Path:
    return state_dir / "way"
