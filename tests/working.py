"""A worker in a thread of the test's process: real queue, real child processes, without a program's start."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from db.jobs.worker import Worker
from fleet.settings import WorkerSettings
from tests.forking import forking_from

START_S = STOP_S = 30.0


@contextmanager
def working(service: str, settings: WorkerSettings, *, beside: str = "") -> Iterator[None]:
    """Have the service's jobs done until the block ends. beside: the module of what goes on beside them."""
    with forking_from(service):
        yield from _working(service, settings, beside)


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
