"""Work in processes of its own, which can be killed.

What other people send can make a fit endless, or take all memory: no thread could be rid of it.
"""

import contextlib
import os
import resource
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from threadpoolctl import threadpool_limits

from fleet.errors import FleetError, OutOfTimeError, UnavailableError
from fleet.patience import Patience

LOOK_S = 0.2  # between two looks whether somebody still waits
STOP_S = 5.0

Order = tuple[Callable[..., Any], tuple[Any, ...], bool]
Report = tuple[Literal["told", "returned", "raised"], Any]


class WorkerDiedError(UnavailableError):
    """The process that worked is gone."""

    def __init__(self) -> None:
        super().__init__(
            "The process that worked on the request has died, perhaps for want of memory",
            "Ask for less at a time, or give the service more memory",
        )


class WorkerFailedError(RuntimeError):
    """Something unexpected happened in the process that works; the text is its traceback."""


class KillableWork:
    """Does work in other processes. One is kept for the next piece; more are started where they are needed.

    name: of the processes. niceness: theirs; at 19 they get what processors the others leave. most_bytes: of
    memory that each may take beyond what it has at its start, where the system can see to it.
    """

    def __init__(self, name: str, *, niceness: int = 0, most_bytes: int | None = None) -> None:
        self._name = name
        self._limits = (niceness, most_bytes)
        self._lock = threading.Lock()
        self._idle: list[_Process] = []
        self._all: set[_Process] = set()

    def do(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        patience: Patience,
        keep: bool,
        told: Callable[..., None] | None = None,
    ) -> Any:
        """What the work, which must be known by its module, returns or raises: a FleetError as it is.

        keep: whether the process may be kept: one that has grown gives its memory back by ending. told: is
        called with what the work tells a function that it is given as its last argument; what it raises ends
        the work. Raises OutOfTimeError once nobody waits any more, WorkerDiedError, WorkerFailedError.
        """
        process = self._take()
        try:
            process.begin((work, arguments, told is not None))
            kind, content = process.report(patience)
            while kind == "told":
                if told is not None:
                    told(*content)
                kind, content = process.report(patience)
        except BaseException:
            self._end(process)
            raise
        if keep:
            self._give_back(process)
        else:
            self._end(process)
        if kind == "raised":
            raise content
        return content

    def stop(self) -> None:
        """End all of them, whatever they are doing."""
        with self._lock:
            stopped = list(self._all)
            self._idle.clear()
            self._all.clear()
        for process in stopped:
            process.kill()

    def _take(self) -> "_Process":
        with self._lock:
            while self._idle:
                process = self._idle.pop()
                if process.is_alive:
                    return process
                self._all.discard(process)
            process = _Process(self._name, self._limits)
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

    def __init__(self, name: str, limits: tuple[int, int | None]) -> None:
        context = get_context("spawn")  # a fork would take the locks of this process's threads along
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, *limits), daemon=True, name=name)
        self._process.start()
        theirs.close()

    @property
    def is_alive(self) -> bool:
        """Of one that has nothing to do: its end of the pipe is silent unless it is closed."""
        return self._process.is_alive() and not self._connection.poll()

    def begin(self, order: Order) -> None:
        """Raises WorkerDiedError."""
        with _told_as_died():
            self._connection.send(order)

    def report(self, patience: Patience) -> Report:
        """Raises OutOfTimeError, WorkerDiedError."""
        with _told_as_died():
            while not self._connection.poll(min(LOOK_S, patience.left)):
                if not patience.left:
                    raise OutOfTimeError
            report: Report = self._connection.recv()
        return report

    def kill(self) -> None:
        self._process.kill()
        self._process.join(STOP_S)
        self._connection.close()


@contextlib.contextmanager
def _told_as_died() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError) as error:
        raise WorkerDiedError from error


def _serve(connection: Connection, niceness: int, most_bytes: int | None) -> None:
    """What the process does: one order after the other, until its parent is gone."""
    os.nice(niceness)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if most_bytes is not None:
        _bound_memory(most_bytes)
    with threadpool_limits(1), contextlib.suppress(EOFError, OSError):
        while True:
            work, arguments, tells = connection.recv()
            tell = (lambda *news: connection.send(("told", news)),) if tells else ()
            connection.send(_report(work, *arguments, *tell))
            del work, arguments


def _report(work: Callable[..., Any], *arguments: Any) -> Report:
    try:
        return "returned", work(*arguments)
    except FleetError as error:
        return "raised", error
    except MemoryError:
        return "raised", WorkerDiedError()
    except BaseException:  # noqa: BLE001  # a panic in Rust is no Exception; it is logged where the order came from
        return "raised", WorkerFailedError(traceback.format_exc())


def _bound_memory(most_bytes: int) -> None:
    """A Rust program that gets no more ends at once, and Python raises MemoryError."""
    with contextlib.suppress(ValueError, OSError):  # not every system has the one or the other
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + most_bytes, used + most_bytes))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent() -> None:
    """A parent that was killed cannot end what it has begun."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
