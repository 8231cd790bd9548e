"""What `up` shows: a line for each part of the stack, live on a terminal, one line a change elsewhere."""

from typing import Self

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn


class StartDisplay:
    """Shows each part from `starting` to `ready`. done: what a line says of one that is."""

    def __init__(self, console: Console, done: str = "ready after") -> None:
        self._console = console
        self._done = done
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("{task.description:<14}{task.fields[detail]}", markup=False),
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
            self._console.print(f"{name:<14}{passed}", highlight=False, soft_wrap=True)
