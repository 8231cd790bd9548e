"""Watches how much memory processes take."""

import threading
from types import TracebackType
from typing import Self

import psutil

INTERVAL_S = 0.05


class PeakMemory:
    """The largest resident memory seen of each watched process, its children included, in bytes.

    Shared pages count in every process that has them, so the sums are rather too high than too low.
    """

    def __init__(self) -> None:
        self.peaks: dict[str, int] = {}
        self._watched: dict[str, int] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def add(self, name: str, pid: int) -> None:
        """Watch it from now on; under the name that the process had before no longer."""
        self._watched = {other: watched for other, watched in self._watched.items() if watched != pid}
        self.peaks[name] = resident_bytes(pid)
        self._watched[name] = pid  # only then: the thread looks at what is watched

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(INTERVAL_S):
            for name, pid in list(self._watched.items()):
                self.peaks[name] = max(self.peaks[name], resident_bytes(pid))


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and all its children; what has ended counts nothing."""
    try:
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    return sum(map(_resident, processes))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
