"""Trains in processes of their own, of low priority, while requests are answered as if nothing went on.

A fit that takes too long, or that never ends, is killed with its process.
"""

from collections.abc import Callable
from typing import Any

from db.references import OutOfFold
from fleet.errors import UnavailableError
from fleet.killable import KillableWork, WorkerDiedError
from fleet.patience import Patience
from ml_model.persistence.model.deployment import Artifact
from ml_model.service.training import InThisProcess, Task

TRAINER = "ml_model-trainer"  # as its processes are named
NICENESS = 19
OUT_OF_FOLD_S = 30.0  # for what a deployment can do without
KEPT_ROWS = 100_000  # a process that has fitted more gives its memory back by ending


class TrainerDiedError(UnavailableError):
    """The process that trained is gone."""

    def __init__(self) -> None:
        super().__init__(
            "The process that trained the model has died, perhaps for want of memory",
            "Train again with fewer rows or a smaller model, or give the service more memory",
        )


class TrainerProcesses:
    """A Trainer. seconds: that a fit may take."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._work = KillableWork(TRAINER, niceness=NICENESS)

    def train(self, task: Task, key: bytes) -> Artifact:
        """As Trainer's. Raises OutOfTimeError and TrainerDiedError too."""
        artifact: Artifact = self._do(InThisProcess().train, task, key)
        return artifact

    def predict_out_of_fold(self, task: Task) -> OutOfFold | None:
        """As Trainer's. Raises OutOfTimeError, after OUT_OF_FOLD_S, and TrainerDiedError too."""
        seconds = min(OUT_OF_FOLD_S, self._seconds)
        told: OutOfFold | None = self._do(InThisProcess().predict_out_of_fold, task, seconds=seconds)
        return told

    def try_out(self, task: Task) -> None:
        """As Trainer's. Raises OutOfTimeError and TrainerDiedError too."""
        self._do(InThisProcess().try_out, task)

    def stop(self) -> None:
        """End all of them, whatever they are doing."""
        self._work.stop()

    def _do(self, work: Callable[..., Any], task: Task, *more: Any, seconds: float | None = None) -> Any:
        small, patience = len(task.target) <= KEPT_ROWS, Patience.of(seconds or self._seconds)
        try:
            return self._work.do(work, task, *more, patience=patience, keep=small)
        except WorkerDiedError as error:
            raise TrainerDiedError from error
