"""Processes that are forked from one that has imported what they need: a service's imports take seconds."""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver, get_context, set_start_method
from multiprocessing.forkserver import ForkServer
from pathlib import Path

from fleet.services import SERVICES

TAKEN_FROM_IT = ("ensure_running", "get_inherited_fds", "connect_to_new_process", "set_forkserver_preload")
# Ours, which may look at what a program is told, and prometheus_client, which does.
IMPORTED_ANEW = {"db", "fleet", "prometheus_client", *(service.name for service in SERVICES)}

_servers: dict[str, ForkServer] = {}


@contextmanager
def forking_from(name: str) -> Iterator[None]:
    """Processes are forked from the one of this name, until the block ends.

    Python keeps one for the whole process, which goes on with what it imported first: another service's
    modules, and each process would import its own anew.
    """
    with _taking_from(_servers.setdefault(name, ForkServer())):
        yield


@contextmanager
def _taking_from(server: ForkServer) -> Iterator[None]:
    before = {name: getattr(forkserver, name) for name in TAKEN_FROM_IT}
    _take_from(server)
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(forkserver, name, function)


def _take_from(server: ForkServer) -> None:
    for name in TAKEN_FROM_IT:
        setattr(forkserver, name, getattr(server, name))


class ForkedProgram:
    """`python -m <name>`, without the imports. What `subprocess.Popen` has of the same names."""

    def __init__(self, name: str, log: Path, folder: Path, env: Mapping[str, str]) -> None:
        context = get_context("forkserver")
        with forking_from(f"the program {name}"):
            context.set_forkserver_preload([f"{name}.web.app", "fleet.web.server"])
            self._process = context.Process(target=_run, args=(name, log, folder, dict(env)))
            self._process.start()
        self.pid = self._process.pid or 0

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self._process.name), timeout or 0)
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def _run(name: str, log: Path, folder: Path, env: dict[str, str]) -> None:
    _take_from(ForkServer())  # what its own processes are forked from, and how, is its own affair
    set_start_method(None, force=True)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    for module in [each for each in sys.modules if each.partition(".")[0] in IMPORTED_ANEW]:
        del sys.modules[module]
    sys.argv = [name]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
