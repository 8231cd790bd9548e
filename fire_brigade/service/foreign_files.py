"""Reads files that others made in a process of its own: it may die, or be killed, and takes nobody along.

A file may be made so that whoever reads it needs any amount of memory. The process has no more of it than
MEMORY_BYTES, and gives all of it back by ending.
"""

import math
from collections.abc import Callable
from typing import TypeVar

from fire_brigade.persistence.model.records import SourceError
from fire_brigade.persistence.repository.downloads import WrongFileError
from fleet.killable import KillableWork, WorkerDiedError
from fleet.patience import Patience

MEMORY_BYTES = 3 * 1024**3 + 512 * 1024**2  # the largest workbook that is taken, and room to work
FOR_EVER = Patience(math.inf)

Told = Callable[[int, int], None]
Result = TypeVar("Result")


class ReaderDiedError(SourceError):
    """The process that read the file is gone."""

    status = 502
    advice = WrongFileError.advice

    def __init__(self, setting: str) -> None:
        reason = "reading the file took more memory than it may take, or was ended from outside"
        super().__init__(setting, reason, "; if it is, give the service more memory and try again")


def read_apart(work: Callable[[Told], Result], told: Told, *, setting: str) -> Result:
    """What `work` gives, done in another process, which is handed a pickled copy of it.

    What `told` raises ends the work. Raises what it raises, as far as that is a FleetError;
    ReaderDiedError naming the setting.
    """
    apart = KillableWork("fire_brigade-reader", most_bytes=MEMORY_BYTES)
    try:
        result: Result = apart.do(work, patience=FOR_EVER, keep=False, told=told)
    except WorkerDiedError as error:
        raise ReaderDiedError(setting) from error
    return result
