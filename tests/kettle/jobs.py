"""What the kettle's worker does."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.database import Database
from fleet.jobs import Task, Work
from fleet.settings import WorkerSettings

LOOK_S = 0.05


@dataclass(frozen=True)
class KettleServices:
    database: Database


def open_services(settings: WorkerSettings) -> KettleServices:
    return KettleServices(Database("kettle", settings))


def _boil(services: KettleServices, work: Work) -> dict[str, Any]:
    """Seconds of work, with progress."""
    del services
    steps = round(work.arguments["seconds"] / LOOK_S)
    for step in range(steps):
        work.tell(0.0, f"step {step} of attempt {work.attempt}")
        time.sleep(LOOK_S)
    return {"attempt": work.attempt}


TASKS: Mapping[str, Task[KettleServices]] = {"boil": Task(_boil)}
