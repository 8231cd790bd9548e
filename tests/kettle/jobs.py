"""What the kettle's worker does."""

import math
import threading
import time
from collections.abc import Mapping
from typing import Any

from fleet.jobs import State, Task, Work
from fleet.settings import WorkerSettings

LOOK_S = 0.05


class KettleServices:
    """A kettle needs nothing."""


def open_services(settings: WorkerSettings) -> KettleServices:
    del settings
    return KettleServices()


def _boil(services: KettleServices, work: Work) -> dict[str, Any]:
    """Seconds of work, with progress."""
    del services
    steps = round(work.arguments["seconds"] / LOOK_S)
    for step in range(steps):
        work.tell(0.0, f"step {step} of attempt {work.attempt}")
        time.sleep(LOOK_S)
    return {"attempt": work.attempt}


def _spill(services: KettleServices, work: Work) -> dict[str, Any]:
    raise RuntimeError("spilt")


def _leave_a_mess(services: KettleServices, work: Work, status: State, reason: str) -> None:
    raise RuntimeError("no cloth")


def _simmer(services: KettleServices, work: Work) -> None:
    """What follows the answer has no end."""
    del services
    work.answer({"attempt": work.attempt})
    threading.Event().wait()


def _overflow(services: KettleServices, work: Work) -> dict[str, Any]:
    """A result that JSON does not know."""
    del services, work
    return {"cups": math.nan}


TASKS: Mapping[str, Task[KettleServices]] = {
    "boil": Task(_boil),
    "overflow": Task(_overflow),
    "simmer": Task(_simmer),
    "spill": Task(_spill, _leave_a_mess),
}
