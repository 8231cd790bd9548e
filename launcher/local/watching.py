"""How the processes of the stack are, at once or once they are ready."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import requests

from fleet.errors import FleetError
from launcher.health import is_ready, local_session
from launcher.local.processes import Processes, Service
from launcher.log_ends import last_lines
from launcher.purge import MIB
from launcher.stack import Condition

POLL_SECONDS = 0.25


class ServiceFailedError(FleetError):
    """A service died while starting, or did not become ready in time; the message ends with its log."""

    def __init__(self, error: str, log: Path) -> None:
        super().__init__(error, last_lines(log))


def wait_until_ready(
    services: Sequence[tuple[Service, psutil.Process]],
    log: Callable[[str], Path],
    on_ready: Callable[[Service], None],
    seconds: float,
) -> None:
    """Returns when all are ready, telling on_ready of each; workers, which tell nobody, when the others are.

    log: the log file of a name. Raises ServiceFailedError when one dies or `seconds` have passed.
    """
    waiting = list(services)
    deadline = time.monotonic() + seconds
    with local_session() as session:
        while waiting:
            servers_wait = any(service.port for service, _ in waiting)
            for service, process in list(waiting):
                if _has_died(process):
                    raise ServiceFailedError(f"{service.name} ended while it was starting", log(service.name))
                if answers(service, session) if service.port else not servers_wait:
                    waiting.remove((service, process))
                    on_ready(service)
            if waiting and time.monotonic() > deadline:
                name = waiting[0][0].name
                raise ServiceFailedError(f"{name} was not ready within {seconds:.0f} s", log(name))
            if waiting:
                time.sleep(POLL_SECONDS)


def answers(service: Service, session: requests.Session) -> bool:
    """Whether one that lives is ready."""
    return not service.port or is_ready(service.ready_url, session)


def service_conditions(services: Sequence[Service], processes: Processes) -> list[Condition]:
    """How each service is at this moment. Memory is that of its process and all descendants."""
    found = []
    with local_session() as session:
        for service in services:
            process = processes.find(service.name)
            if process is not None:
                state = "ready" if answers(service, session) else "not ready"
            else:
                state = "died" if processes.record(service.name) else "stopped"
            found.append(Condition(service.name, state, service.url, *_vitals(process)))
    return found


def _vitals(process: psutil.Process | None) -> tuple[int | None, str, float | None]:
    if process is None:
        return None, "", None
    try:
        family = [process, *process.children(recursive=True)]
        memory = sum(member.memory_info().rss for member in family)
        return process.pid, f"{memory / MIB:.0f} MiB", (time.time() - process.create_time()) / 60
    except psutil.Error:
        return process.pid, "", None


def _has_died(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
