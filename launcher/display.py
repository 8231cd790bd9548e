"""What `up` shows: a line for each part of the stack, live on a terminal, one line a change elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text


class StartDisplay:
    """Shows each part from `starting` to `ready`. done: what a line says of one that is."""

    def __init__(self, console: Console, done: str = "ready after") -> None:
        self._console = console
        self._done = done
        self._lines: dict[str, tuple[float, Spinner | Text, str]] = {}
        self._live = Live(console=console, refresh_per_second=10) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def starting(self, name: str) -> None:
        """The part was started just now, unless that was told already."""
        if name not in self._lines:
            self._set(name, time.monotonic(), Spinner("dots"), "")

    def ready(self, name: str, detail: str = "") -> None:
        """The part answers. detail: its address."""
        started, sign, _ = self._lines[name]
        if isinstance(sign, Text):  # told already
            return
        passed = f"{self._done} {time.monotonic() - started:4.1f} s"
        self._set(name, started, Text("✓", "green"), f"{passed}  {detail}".rstrip())

    def _set(self, name: str, started: float, sign: Spinner | Text, detail: str) -> None:
        self._lines[name] = (started, sign, detail)
        if self._live:
            self._live.update(self._table())
        elif isinstance(sign, Text):
            self._console.print(f"{name:<14}{detail}", highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for name, (_, sign, detail) in self._lines.items():
            table.add_row(sign, name, Text(detail, overflow="ellipsis", no_wrap=True))
        return table
