"""What the commands show."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Column, Table

from launcher.stack import OURS, Condition

COLOURS = {"ready": "green", "not ready": "yellow", "died": "red", "stopped": "dim"}
WIDTH = max(map(len, OURS)) + 2  # of a name, with the space after it
UNBROKEN = 1_000_000  # columns: who pipes, or searches a log, wants lines that are whole


def make_console(*, stderr: bool = False) -> Console:
    """Writes on standard output, or on standard error: as wide as a terminal is, elsewhere without an end."""
    console = Console(stderr=stderr)
    if not console.file.isatty():
        console.width = UNBROKEN
    return console


class StartDisplay:
    """Shows each part from `starting` to `ready`: live on a terminal, elsewhere a line of each that is ready.

    done: what a line says of one that is.
    """

    def __init__(self, console: Console, done: str = "ready after") -> None:
        self._console = console
        self._done = done
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn(f"{{task.description:<{WIDTH}}}{{task.fields[detail]}}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def starting(self, name: str) -> None:
        """The part was started just now, unless that was told already."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=1, detail="")

    def ready(self, name: str, detail: str = "") -> None:
        """The part answers. detail: its address."""
        task = self._progress.tasks[self._tasks[name]]
        if task.finished:  # told already
            return
        passed = f"{self._done} {task.elapsed or 0:4.1f} s  {detail}".rstrip()
        self._progress.update(task.id, completed=1, detail=passed)
        if not self._console.is_terminal:
            print_lines(self._console, [f"{name:<{WIDTH}}{passed}"])


def print_lines(console: Console, lines: Iterable[str], style: str = "") -> None:
    """Each as it is, and however long it is, in one line."""
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True, style=style)


def print_addresses(console: Console, addresses: Mapping[str, str]) -> None:
    """A line a service: where it answers."""
    print_lines(console, [f"  {name:<{WIDTH}}{url}" for name, url in addresses.items()])


def print_passwords(console: Console, file: Path) -> None:
    """Who is let in by the service that always asks."""
    print_lines(console, [f"The fire brigade's users admin and user have passwords, which stand in {file}"])


def print_next_steps(console: Console, addresses: Mapping[str, str], psql_line: str) -> None:
    """Where to look after the demo."""
    print_lines(console, ["", "The stack is still up. Where to look next:"])
    others = {
        "the tables": psql_line,
        "the logs": "./launch.sh logs [service] [--follow]",
        "how it is": "./launch.sh status",
        "stop it": "./launch.sh down",
    }
    print_addresses(console, {**addresses, **others})


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
