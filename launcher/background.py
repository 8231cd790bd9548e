"""A command that we watch, and a lock. The standard library only: launcher/bootstrap.py uses them."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 10.0


@contextmanager
def running(
    command: Sequence[str], output: IO[str] | int, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """The command in a session of its own; when the block fails it is ended with everything it started."""
    with subprocess.Popen(
        command,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        except BaseException:
            _end(process)
            raise


@contextmanager
def held(file: Path, when_it_waits: Callable[[], object]) -> Iterator[None]:
    """Keeps the lock on this file, once whoever has it has ended, however that ends."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            when_it_waits()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _end(process: "subprocess.Popen[str]") -> None:
    """Lets the command and what it started clean up for a while before they are killed."""
    with suppress(ProcessLookupError, PermissionError):  # gone; macOS refuses when only zombies are left
        os.killpg(process.pid, signal.SIGTERM)
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE_SECONDS)
        finally:  # who interrupts twice has no patience left
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
