"""How the parts of the stack are, for people."""

from collections.abc import Iterable

from rich.box import SIMPLE
from rich.table import Column, Table

from launcher.stack import Condition

COLOURS = {"ready": "green", "not ready": "yellow", "died": "red", "stopped": "dim"}


def status_table(found: Iterable[Condition]) -> Table:
    """A line for each part."""
    address = Column("address", overflow="fold")
    table = Table("service", "state", address, "pid", "memory", "up for", box=SIMPLE)
    for condition in found:
        state = f"[{COLOURS[condition.state]}]{condition.state}[/]"
        pid = "" if condition.pid is None else str(condition.pid)
        age = "" if condition.minutes is None else f"{condition.minutes:.0f} min"
        table.add_row(condition.name, state, condition.address, pid, condition.memory, age)
    return table
