"""Whether a local stack runs, told without any package that only a local stack needs."""

from pathlib import Path

import psutil

from launcher.local.processes import Processes
from launcher.stack import SERVICES


def runs_locally(state_dir: Path) -> bool:
    """Whether a process of the stack lives that was started from this state folder, PostgreSQL's included."""
    processes = Processes(state_dir / "run", state_dir / "logs")
    return any(map(processes.find, SERVICES)) or _postgres_runs(state_dir / "postgres" / "data")


def _postgres_runs(data: Path) -> bool:
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        return psutil.Process(pid).name() == "postgres"
    except (OSError, IndexError, ValueError, psutil.Error):
        return False
