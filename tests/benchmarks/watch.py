"""Watches a service while it is attacked: does it say that it is ready, and how much memory does it take?"""

import threading
import time
from types import TracebackType
from typing import Self

import psutil
import requests

from tests.running import RunningService

INTERVAL_S = 0.2
SETTLE_S = 3.0


class Watch:
    """Of a block: memory before, at most and after it, in bytes, and how soon it was ready, in seconds.

    Memory is the proportional set size of the service's processes: a page that two share counts once.
    """

    def __init__(self, service: RunningService) -> None:
        self._service = service
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._ask, self._weigh)]
        self.before = self.peak = self.after = 0
        self.answers: list[float] = []
        self.failures = 0

    def __enter__(self) -> Self:
        self.before = self.peak = own_bytes(self._service.process.pid)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        time.sleep(SETTLE_S)
        self.after = own_bytes(self._service.process.pid)

    def _ask(self) -> None:
        with requests.Session() as session:
            while not self._stopped.wait(INTERVAL_S):
                started = time.perf_counter()
                try:
                    ready = session.get(f"{self._service.address}/health/ready", timeout=10).ok
                except requests.RequestException:
                    ready = False
                self.failures += not ready
                self.answers.append(time.perf_counter() - started)

    def _weigh(self) -> None:
        while not self._stopped.wait(INTERVAL_S):
            self.peak = max(self.peak, own_bytes(self._service.process.pid))


def own_bytes(pid: int) -> int:
    """Proportional set size of a process and all its children."""
    parent = psutil.Process(pid)
    return sum(int(each.memory_full_info().pss) for each in (parent, *parent.children(recursive=True)))
