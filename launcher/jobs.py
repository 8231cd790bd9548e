"""`./launch.sh jobs`: the long work of all services: shown, followed until it has ended, cancelled."""

import time
from collections.abc import Iterable, Mapping
from itertools import islice

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from client import NotFoundError
from client.answers import Job
from client.jobs import AT_WORK, Jobs
from fleet.errors import FleetError

POLL_S = 1.0
COLOURS = {"running": "green", "queued": "yellow", "failed": "red"}
Found = tuple[str, Job]
"""A job, after the name of its service."""


class UnknownJobError(FleetError):
    """None of the services has such a job."""


def latest(services: Mapping[str, Jobs], count: int) -> list[Found]:
    """The newest jobs, at most so many of each service."""
    return [(name, job) for name, of in services.items() for job in islice(of.jobs(page_size=count), count)]


def jobs_table(found: Iterable[Found]) -> Table:
    """A line for each job."""
    table = Table("service", "job", "kind", "state", "done", "detail", "asked for", box=SIMPLE)
    table.columns[1].no_wrap = True  # it is copied to cancel it
    for name, job in found:
        state = f"[{COLOURS.get(job.status, 'default')}]{job.status}[/]"
        asked = f"{job.created_at.astimezone():%Y-%m-%d %H:%M:%S}" if job.created_at else ""
        told = (escape(job.id), escape(job.kind), state, f"{job.progress:.0%}", escape(_detail(job)))
        table.add_row(name, *told, asked)
    return table


def follow(services: Mapping[str, Jobs], console: Console) -> None:
    """Shows how far every job is until none is at work: as bars, or as lines where there is no terminal."""
    seen: dict[str, Found] = {}
    with _Bars(console) as bars:
        while True:
            working = _at_work(services)
            ended = [(name, services[name].job(id_)) for id_, (name, _) in seen.items() if id_ not in working]
            for name, job in (*working.values(), *ended):
                bars.show(name, job)
            if not working:
                return
            seen = working
            time.sleep(POLL_S)


def cancel(services: Mapping[str, Jobs], job_id: str) -> str:
    """Cancels the job, wherever it is; the name of its service. Raises UnknownJobError."""
    for name, jobs in services.items():
        try:
            jobs.cancel_job(job_id)
        except NotFoundError:
            continue
        return name
    raise UnknownJobError(f"There is no job '{job_id}'", "./launch.sh jobs lists those there are")


def _at_work(services: Mapping[str, Jobs]) -> dict[str, Found]:
    working = {}
    for name, jobs in services.items():
        # In this order: one that begins meanwhile is found twice, and not missed.
        for job in (*jobs.jobs(state="queued"), *jobs.jobs(state="running")):
            working[job.id] = (name, job)
    return working


def _detail(job: Job) -> str:
    return job.error.error if job.error else job.detail


class _Bars(Progress):
    """A line for each job."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
            console=console,
            disable=not console.is_terminal,
        )
        self._lines: dict[str, str] = {}
        self._bars: dict[str, TaskID] = {}

    def show(self, name: str, job: Job) -> None:
        heading = f"{name} {job.kind} {job.id[:8]}"
        if job.id not in self._bars:
            self._bars[job.id] = self.add_task(heading, total=1.0, detail="")
        detail = _detail(job) if job.status in AT_WORK else f"{job.status} {_detail(job)}".strip()
        self.update(self._bars[job.id], completed=job.progress, detail=detail)
        line = f"{heading}: {job.status}, {job.progress:.0%}  {_detail(job)}".rstrip()
        if not self.console.is_terminal and self._lines.get(job.id) != line:
            self._lines[job.id] = line
            self.console.print(line, highlight=False, markup=False, soft_wrap=True)
