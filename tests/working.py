"""A worker in a thread of the test's process: real queue, real child processes, without a program's start."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.forkserver import ForkServer

from db.jobs.worker import Worker
from fleet.settings import WorkerSettings

START_S = STOP_S = 30.0
TAKEN_FROM_IT = ("ensure_running", "get_inherited_fds", "connect_to_new_process", "set_forkserver_preload")

_servers: dict[str, ForkServer] = {}


@contextmanager
def working(service: str, settings: WorkerSettings, *, beside: str = "") -> Iterator[None]:
    """Have the service's jobs done until the block ends. beside: the module of what goes on beside them."""
    with _forking_for(service):
        yield from _working(service, settings, beside)


@contextmanager
def _forking_for(service: str) -> Iterator[None]:
    """Jobs are forked from a process of this service's.

    A worker has one to itself. Python keeps one for the whole process, which goes on with what it imported
    first: that is another service, and each job would import its own anew.
    """
    before = {name: getattr(forkserver, name) for name in TAKEN_FROM_IT}
    _servers.setdefault(service, ForkServer())
    for name in TAKEN_FROM_IT:
        setattr(forkserver, name, getattr(_servers[service], name))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(forkserver, name, function)


def _working(service: str, settings: WorkerSettings, beside: str) -> Iterator[None]:
    told: list[tuple[asyncio.AbstractEventLoop, Worker]] = []
    begun = threading.Event()

    async def run() -> None:
        worker = Worker(service, settings, beside=beside)
        told.append((asyncio.get_running_loop(), worker))
        begun.set()
        await worker.run()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="worker", daemon=True)
    thread.start()
    assert begun.wait(START_S)
    try:
        yield
    finally:
        loop, worker = told[0]
        loop.call_soon_threadsafe(worker.stop)
        thread.join(STOP_S)
        assert not thread.is_alive()
