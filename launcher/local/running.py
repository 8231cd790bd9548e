"""Whether a local stack runs, told without any package that only a local stack needs."""

from pathlib import Path

from db.postmaster import find_postmaster
from launcher.local.processes import Processes
from launcher.stack import NAMES


def runs_locally(state_dir: Path) -> bool:
    """Whether a process of the stack lives that was started from this state folder, PostgreSQL's included."""
    processes = Processes(state_dir / "run", state_dir / "logs")
    return (
        any(map(processes.find, NAMES))
        or find_postmaster((state_dir / "postgres" / "data").resolve()) is not None
    )
