"""What the commands print."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from launcher.findings import Findings
from launcher.stack import Condition

COLOURS = {"ready": "green", "not ready": "yellow", "died": "red", "stopped": "dim"}


def findings_table(findings: Findings) -> Table:
    """The demo's result. The same every time: it shows no times, no ids and no machine."""
    table = Table("", "", title=findings.title, title_justify="left", show_header=False)
    for section in findings.sections:
        table.add_section()
        table.add_row(section.heading, f"[bold]{section.value}[/]" if section.value else "")
        for label, text in section.rows.items():
            table.add_row(f"  {label}", text)
    return table


def print_addresses(console: Console, addresses: Mapping[str, str]) -> None:
    """A line a service: where it answers."""
    for name, url in addresses.items():
        console.print(f"  {name:<14}{url}", highlight=False, soft_wrap=True)


def print_degraded(console: Console, sentences: Iterable[str]) -> None:
    """What does not answer while the rest does."""
    for sentence in sentences:
        console.print(sentence, highlight=False, markup=False, soft_wrap=True, style="yellow")


def print_passwords(console: Console, file: Path) -> None:
    """Who is let in by the service that always asks."""
    console.print(
        f"The fire brigade's users admin and user have passwords, which stand in {file}",
        highlight=False,
        soft_wrap=True,
    )


def print_next_steps(console: Console, addresses: Mapping[str, str], psql_line: str) -> None:
    """Where to look after the demo."""
    console.print("\nThe stack is still up. Where to look next:", highlight=False)
    print_addresses(console, addresses)
    for what, command in (
        ("the tables", psql_line),
        ("the logs", "./launch.sh logs [service] [--follow]"),
        ("how it is", "./launch.sh status"),
        ("stop it", "./launch.sh down"),
    ):
        console.print(f"  {what:<14}{command}", highlight=False, markup=False, soft_wrap=True)


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
