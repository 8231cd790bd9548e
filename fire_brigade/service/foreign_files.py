"""Reads files that others made in a process of its own: it may die, or be killed, and takes nobody along.

A file may be made so that whoever reads it needs any amount of memory. The process has no more of it than
MEMORY_BYTES, and gives all of it back by ending.
"""

import os
import resource
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, TypeVar

from fleet.errors import FleetError

MEMORY_BYTES = 3 * 1024**3 + 512 * 1024**2  # the largest workbook that is taken, and room to work
STOP_S = 5.0

Told = Callable[[int, int], None]
Result = TypeVar("Result")
Message = tuple[Literal["progress", "result", "error", "bug"], Any]


class ReaderDiedError(FleetError):
    """The process that read the file is gone."""

    status = 502

    def __init__(self, setting: str) -> None:
        super().__init__(
            f"{setting}: reading the file took more memory than it may take, or was ended from outside",
            f"Let the setting {setting} be the address of the published workbook (.xlsx) or of its CSV form; "
            "if it is, give the service more memory and try again",
        )


class ReaderFailedError(RuntimeError):
    """Something unexpected happened in the process that reads; the text is its traceback."""


def read_apart(work: Callable[[Told], Result], told: Told, *, setting: str) -> Result:
    """What `work` gives, done in another process, which is handed a pickled copy of it.

    What `told` raises ends the work. Raises what it raises, as far as that is a FleetError or an OSError;
    ReaderDiedError naming the setting.
    """
    context = get_context("spawn")  # a fork would take the locks of this process's threads along
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(theirs, work), daemon=True, name="fire_brigade-reader")
    process.start()
    theirs.close()
    try:
        while True:
            kind, content = ours.recv()
            if kind == "progress":
                told(*content)
            elif kind == "result":
                result: Result = content
                return result
            elif kind == "error":
                raise content
            else:
                raise ReaderFailedError(content)
    except EOFError as error:
        raise ReaderDiedError(setting) from error
    finally:
        process.kill()
        process.join(STOP_S)
        ours.close()


def _serve(connection: Connection, work: Callable[[Told], object]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _bound_memory()

    def told(done: int, total: int) -> None:
        connection.send(("progress", (done, total)))

    connection.send(_done(work, told))


def _done(work: Callable[[Told], object], told: Told) -> Message:
    try:
        return "result", work(told)
    except (FleetError, OSError) as error:
        return "error", error
    except MemoryError:
        os._exit(1)
    except BaseException:  # noqa: BLE001  # a panic in calamine's Rust is no Exception; it is logged over there
        return "bug", traceback.format_exc()


def _bound_memory() -> None:
    """Where the system can: a Rust program that gets no more ends at once, and Python raises MemoryError."""
    with suppress(ValueError, OSError):  # not every system has the one or the other
        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES, used + MEMORY_BYTES))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
