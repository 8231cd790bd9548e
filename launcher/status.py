"""How the parts of the stack are, and where to look."""

import time
from dataclasses import dataclass

import psutil
from rich.box import SIMPLE
from rich.table import Column, Table

from launcher.readiness import is_ready, local_session
from launcher.stack import POSTGRES, SERVICES, Stack

MIB = 1024 * 1024
COLOURS = {"ready": "green", "not ready": "yellow", "died": "red", "stopped": "dim"}


@dataclass(frozen=True)
class Condition:
    """One part of the stack: state is a key of COLOURS; process is there while it lives."""

    name: str
    state: str
    address: str = ""
    process: psutil.Process | None = None


def conditions(stack: Stack) -> list[Condition]:
    """How every part is at this moment. Writes nothing."""
    embedded = stack.server.embedded
    found = []
    if embedded is not None:
        state = "ready" if embedded.is_running() else "stopped"
        found.append(Condition(POSTGRES, state, f"127.0.0.1:{embedded.running_port() or embedded.port}"))
    if not (stack.settings.state_dir / "run").exists():
        return found + [Condition(name, "stopped") for name in SERVICES]
    with local_session() as session:
        for service in stack.services():
            process = stack.processes.find(service.name)
            if process is not None:
                state = "ready" if is_ready(service, session) else "not ready"
            else:
                state = "died" if stack.processes.record(service.name) else "stopped"
            found.append(Condition(service.name, state, service.url, process))
    return found


def status_table(found: list[Condition]) -> Table:
    """Conditions for people: memory is that of the process and its descendants."""
    address = Column("address", overflow="fold")
    table = Table("service", "state", address, "pid", "memory", "up for", box=SIMPLE)
    for condition in found:
        pid, memory, age = _vitals(condition.process)
        state = f"[{COLOURS[condition.state]}]{condition.state}[/]"
        table.add_row(condition.name, state, condition.address, pid, memory, age)
    return table


def _vitals(process: psutil.Process | None) -> tuple[str, str, str]:
    if process is None:
        return "", "", ""
    try:
        family = [process, *process.children(recursive=True)]
        memory = sum(member.memory_info().rss for member in family)
        minutes = (time.time() - process.create_time()) / 60
    except psutil.Error:
        return str(process.pid), "", ""
    return str(process.pid), f"{memory / MIB:.0f} MiB", f"{minutes:.0f} min"
