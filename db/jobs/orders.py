"""What a worker tells a process that it starts. It imports little, so that workers stay small."""

import os
import signal
import sys
import threading
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import Literal

from fleet.logs import set_up_logs
from fleet.settings import WorkerSettings

TASK = "work"  # as the queue calls it
TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h

End = Literal["", "cancelled", "out_of_time", "died"]


@dataclass(frozen=True)
class Order:
    """An attempt of a job. end: why nothing is left to do but to give it up; empty: it is to be done."""

    job_id: str
    attempt: int
    limit_s: float
    end: End = ""


def worker_name(service: str) -> str:
    """What the service's workers are called, in logs and by PostgreSQL."""
    return f"{service}_worker"


def obey(service: str, tasks: str, settings: WorkerSettings, order: Order) -> None:
    """What the process does. tasks: the module with the service's tasks."""
    os.setpgid(0, 0)  # so that whoever ends this process can end those that it starts, too
    threading.Thread(target=end_with_parent, daemon=True).start()
    set_up_logs(worker_name(service), settings)
    from db.jobs.child import make_attempt  # noqa: PLC0415

    sys.exit(make_attempt(service, tasks, settings, order))


def end_with_parent() -> None:
    """A worker that was killed cannot end what it has begun."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os.killpg(0, signal.SIGKILL)
