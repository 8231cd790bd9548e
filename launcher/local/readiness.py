"""Waits until services answer, and notices at once when one of them dies instead."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from fleet.errors import FleetError
from launcher.health import is_ready, local_session
from launcher.local.plan import Service
from launcher.log_ends import last_lines

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
    """Returns when all are ready, telling on_ready of each.

    log: the log file of a name. Raises ServiceFailedError when one dies or `seconds` have passed.
    """
    waiting = list(services)
    deadline = time.monotonic() + seconds
    with local_session() as session:
        while waiting:
            for service, process in list(waiting):
                if _has_died(process):
                    raise ServiceFailedError(f"{service.name} ended while it was starting", log(service.name))
                if is_ready(service.ready_url, session):
                    waiting.remove((service, process))
                    on_ready(service)
            if waiting and time.monotonic() > deadline:
                name = waiting[0][0].name
                raise ServiceFailedError(f"{name} was not ready within {seconds:.0f} s", log(name))
            if waiting:
                time.sleep(POLL_SECONDS)


def _has_died(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
