"""What goes on beside a worker's jobs, in a process of its own for as long as the worker lives."""

import asyncio
import importlib
import logging
import os
import threading
from collections.abc import Callable
from typing import Any, Protocol

from db.jobs.orders import end_with_parent, worker_name
from db.jobs.processes import ended, kill, started
from fleet.logs import set_up_logs
from fleet.settings import WorkerSettings

log = logging.getLogger(__name__)

AGAIN_S = 1.0  # until it is started again


class CompanionModule(Protocol):
    """What it does: `go_on` does not return."""

    def go_on(self, settings: Any) -> None: ...


async def keep_going(start: Callable[[], Any]) -> None:
    """Start it, and start it again whenever it ends, until this is cancelled. start: returns its process."""
    while True:
        process: Any = None
        try:
            process = await started(start)
            await ended(process, None)
        except (OSError, EOFError):  # the process that all are forked from has just died
            log.exception("What goes on beside the jobs cannot be started")
        finally:
            kill(process)
        log.warning("What goes on beside the jobs has ended: it is started again")
        await asyncio.sleep(AGAIN_S)


def accompany(service: str, module: str, settings: WorkerSettings) -> None:
    """What the process does."""
    os.setpgid(0, 0)
    threading.Thread(target=end_with_parent, daemon=True).start()
    set_up_logs(worker_name(service), settings)
    companion: CompanionModule = importlib.import_module(module)
    companion.go_on(settings)
