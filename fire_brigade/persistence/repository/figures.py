"""Figures of processes that come and go, in files that outlive them: a job counts on from the last."""

import fcntl
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import TextIO

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from fleet.whole_files import disk_errors

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # where prometheus-client looks for the folder

_held: list[TextIO] = []  # until the process ends


def keep_figures(folder: Path) -> None:
    """Have the metrics that this process makes from now on kept in the folder. Raises FileNotWrittenError.

    Of processes at the same time each has files of its own; one that comes later goes on with them.
    """
    with disk_errors("of figures"):
        folder.mkdir(parents=True, exist_ok=True)
        owner = next(str(number) for number in count() if _take(folder / f"{number}.lock"))
    os.environ[FOLDER_VARIABLE] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: owner)  # type: ignore[no-untyped-call]


def _take(path: Path) -> bool:
    lock = path.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _held.append(lock)
    return True


class AddedUp(Collector):
    """The metrics of a registry, as far as processes that kept theirs have got together."""

    def __init__(self, registry: CollectorRegistry, folder: Path) -> None:
        self._registry = registry
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Reads the files."""
        names = {metric.name for metric in self._registry.collect()}
        kept = MultiProcessCollector(None, str(self._folder)).collect()  # type: ignore[no-untyped-call]
        return [metric for metric in kept if metric.name in names]
