"""Trains in processes of their own, of low priority, while requests are answered as if nothing went on.

A fit that takes too long, or that never ends, is killed with its process.
"""

import contextlib
import os
import threading
import traceback
from collections.abc import Callable
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from fleet.errors import FleetError, OutOfTimeError, UnavailableError
from ml_model.persistence.model.deployment import Artifact
from ml_model.service.training import InThisProcess, Task

NICENESS = 19  # it gets what processors the others leave
KEPT_ROWS = 100_000  # a process that has fitted more gives its memory back by ending
STOP_S = 5.0

Order = tuple[Literal["train", "try_out"], tuple[Any, ...]]
Report = tuple[Any, BaseException | None]


class TrainerDiedError(UnavailableError):
    """The process that trained is gone."""

    def __init__(self) -> None:
        super().__init__(
            "The process that trained the model has died, perhaps for want of memory",
            "Train again with fewer rows or a smaller model, or give the service more memory",
        )


class TrainerFailedError(RuntimeError):
    """Something unexpected happened in the process that trains; the text is its traceback."""


class TrainerProcesses:
    """A Trainer. One process is kept for the next order; more are started where they are needed.

    seconds: that a fit may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()

    def train(self, task: Task, key: bytes) -> Artifact:
        """As Trainer's. Raises OutOfTimeError and TrainerDiedError too."""
        artifact: Artifact = self._do(("train", (task, key)), len(task.target))
        return artifact

    def try_out(self, task: Task) -> None:
        """As Trainer's. Raises OutOfTimeError and TrainerDiedError too."""
        self._do(("try_out", (task,)), len(task.target))

    def stop(self) -> None:
        """End all of them, whatever they are doing."""
        with self._lock:
            stopped = list(self._all)
            self._idle.clear()
            self._all.clear()
        for process in stopped:
            process.kill()

    def _do(self, order: Order, rows: int) -> Any:
        process = self._take()
        try:
            result, error = process.do(order, self._seconds)
        except BaseException:
            self._end(process)
            raise
        if rows > KEPT_ROWS:
            self._end(process)
        else:
            self._give_back(process)
        if error is not None:
            raise error
        return result

    def _take(self) -> "_Process":
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive:
                    return process
                self._all.discard(process)
            process = _Process()
            self._all.add(process)
            return process

    def _give_back(self, process: "_Process") -> None:
        with self._lock:
            is_kept = not self._idle and process in self._all
            if is_kept:
                self._idle.append(process)
        if not is_kept:
            self._end(process)

    def _end(self, process: "_Process") -> None:
        with self._lock:
            self._all.discard(process)
        process.kill()


class _Process:
    """One process, as its parent sees it."""

    def __init__(self) -> None:
        context = get_context("spawn")  # a fork would take the locks of this process's threads along
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True, name="ml_model-trainer")
        self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Of one that has nothing to do: its end of the pipe is silent unless it is closed."""
        return self._process.is_alive() and not self._connection.poll()

    def do(self, order: Order, seconds: float) -> Report:
        """Raises OutOfTimeError, TrainerDiedError."""
        try:
            self._connection.send(order)
            if not self._connection.poll(seconds):
                raise OutOfTimeError
            report: Report = self._connection.recv()
        except (EOFError, OSError) as error:
            raise TrainerDiedError from error
        return report

    def kill(self) -> None:
        self._process.kill()
        self._process.join(STOP_S)
        self._connection.close()


def _serve(connection: Connection) -> None:
    """What the process does: one order after the other, until its parent is gone."""
    os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    doings: dict[str, Callable[..., Any]] = {
        "train": InThisProcess().train,
        "try_out": InThisProcess().try_out,
    }
    with threadpool_limits(1), contextlib.suppress(EOFError, OSError):
        while True:
            name, arguments = connection.recv()
            connection.send(_report(doings[name], arguments))
            del arguments


def _report(do: Callable[..., Any], arguments: tuple[Any, ...]) -> Report:
    try:
        return do(*arguments), None
    except FleetError as error:
        return None, error
    except Exception:  # noqa: BLE001  # it is raised, and logged, where the order came from
        return None, TrainerFailedError(traceback.format_exc())


def _end_with_parent() -> None:
    """A parent that was killed cannot end what it has begun."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
