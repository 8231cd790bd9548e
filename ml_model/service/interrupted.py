"""Trainings that ml_model did not live to end: noted before they begin, failed once their process is gone."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any

import psutil

from fleet.caller import Caller
from fleet.errors import FleetError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork

log = logging.getLogger(__name__)

INTERRUPTED = "The training was interrupted: ml_model ended, or was killed, before it had"
MARGIN_S = 60.0  # after the longest time that a training may take
LOOK_EVERY_S = 60.0
CLOCK_S = 1.0  # between two looks, the system's clock may be set

_at_work: set[str] = set()


@dataclass(frozen=True)
class TrainingNote:
    """Who trains, for whom, and since when (seconds since 1970)."""

    host: str
    pid: int
    at: float
    caller: str
    training: str = ""
    started: float | None = None  # the process, in seconds since 1970

    @classmethod
    def read(cls, note: Mapping[str, Any]) -> "TrainingNote":
        """Of another version too: what this one does not know is passed over."""
        return cls(**{each.name: note[each.name] for each in fields(cls) if each.name in note})

    def is_stale(self, longest_s: float) -> bool:
        """Whether the training cannot be going on any more."""
        if time.time() - self.at > longest_s + MARGIN_S:
            return True
        if self.host != socket.gethostname():
            return False
        if self.pid == os.getpid():
            return self.training not in _at_work
        return not _goes_on(self.pid, self.started)


@contextmanager
def training_note(caller: Caller) -> Iterator[dict[str, Any]]:
    """What is kept with a deployment while this process trains it, which is until the block ends.

    Then the training is stored, or its failure is, unless the database was away.
    """
    training = secrets.token_hex(8)
    _at_work.add(training)
    try:
        process = psutil.Process()
        started = process.create_time()
        yield asdict(
            TrainingNote(socket.gethostname(), process.pid, time.time(), caller.name, training, started)
        )
    finally:
        _at_work.discard(training)


class InterruptedTrainings:
    """units: opens a transaction, in any thread. longest_s: that a training may take."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork], longest_s: float) -> None:
        self._units = units
        self._longest_s = longest_s

    def fail(self) -> None:
        """Writes down which have ended without saying so, with a line in the audit trail."""
        with self._units() as work:
            for deployment_id, use_case, note in work.deployments.in_training():
                training = TrainingNote.read(note)
                if training.is_stale(self._longest_s):
                    log.warning("The training of deployment %s was interrupted", deployment_id)
                    work.deployments.store_failure(deployment_id, INTERRUPTED)
                    caller = Caller(training.caller, "admin", "")
                    work.audit.add("train_failed", deployment_id, caller, use_case=use_case)
            work.commit()

    def watch(self) -> None:
        """Does so at once, and from time to time, in a thread: another replica may have died."""
        threading.Thread(target=self._watch, daemon=True, name="interrupted-trainings").start()

    def _watch(self) -> None:
        while True:
            try:
                self.fail()
            except FleetError as error:
                log.debug("Interrupted trainings are not looked for: %s", error.error)
            except Exception:
                log.exception("Looking for interrupted trainings failed")
            time.sleep(LOOK_EVERY_S)


def _goes_on(pid: int, started: float | None) -> bool:
    """Whether it can still train: one that has been killed may wait for its parent to take note of it.

    started: when it began, where that was noted; after a restart of the container, others have the numbers.
    """
    try:
        process = psutil.Process(pid)
        is_same = started is None or abs(process.create_time() - started) <= CLOCK_S
        return is_same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
