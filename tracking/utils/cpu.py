"""How much of the processors a piece of work took."""

import os
import time

import psutil


class CpuMeter:
    """Measures wall time and CPU time from its making on, of this process with its children.

    What other requests of the same process do meanwhile is counted too. The process's own time is taken
    from the interpreter's clock: psutil's moves in steps of 10 ms, too coarse for a small search.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._wall = time.perf_counter()
        self._cpu = self._cpu_seconds()

    def read(self) -> tuple[float, float]:
        """Seconds since the start, and CPU time by wall time in %: up to 100 for each core."""
        cpu = self._cpu_seconds() - self._cpu
        wall = time.perf_counter() - self._wall
        cores = os.cpu_count() or 1
        return wall, min(100 * cpu / wall, 100.0 * cores)

    def _cpu_seconds(self) -> float:
        ended = self._process.cpu_times()
        total = time.process_time() + ended.children_user + ended.children_system
        for child in self._process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.NoSuchProcess:
                continue  # it has ended since it was listed: the parent's figures hold it
            total += times.user + times.system
        return total
