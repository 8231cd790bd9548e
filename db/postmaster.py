"""Finds the PostgreSQL server of a data folder, whatever has become of its lock file."""

from contextlib import suppress
from pathlib import Path

import psutil

LOCK_FILE = "postmaster.pid"
MOST_PROCESSES = 2**31


def find_postmaster(data: Path) -> psutil.Process | None:
    """The server of this folder, told from any other process that has its number."""
    number = locked_by(data)
    candidates = [] if number is None else [number]
    for pid in (*candidates, *psutil.pids()):
        with suppress(psutil.Error):  # gone by now, or another user's
            process = psutil.Process(pid)
            # Its children are called by what they do.
            if process.name() == "postgres" and process.cwd() == str(data) and "-D" in process.cmdline():
                return process
    return None


def locked_by(data: Path) -> int | None:
    """The process that the folder's lock file names; None without one, or if it is damaged."""
    try:
        number = int((data / LOCK_FILE).read_bytes().splitlines()[0])
    except (OSError, IndexError, ValueError):
        return None
    return number if 0 < number < MOST_PROCESSES else None


def port_of(server: psutil.Process) -> int | None:
    """The port that a server was told to listen on; None of one that has gone."""
    with suppress(psutil.Error, ValueError, IndexError):
        words = server.cmdline()
        return int(words[words.index("-p") + 1])
    return None
