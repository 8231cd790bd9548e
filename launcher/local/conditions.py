"""How the processes of the stack are."""

import time
from collections.abc import Sequence

import psutil

from launcher.health import is_ready, local_session
from launcher.local.plan import Service
from launcher.local.processes import Processes
from launcher.purge import MIB
from launcher.stack import Condition


def service_conditions(services: Sequence[Service], processes: Processes) -> list[Condition]:
    """How each service is at this moment. Memory is that of its process and all descendants."""
    found = []
    with local_session() as session:
        for service in services:
            process = processes.find(service.name)
            if process is not None:
                state = "ready" if is_ready(service.ready_url, session) else "not ready"
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
