"""What a training is made of, wherever it runs: here, or in a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from db.references import OutOfFold
from ml_model.persistence.model.deployment import Artifact, ModelChoice
from ml_model.service.artifacts import make_artifact
from ml_model.service.fitting import fit, try_fit
from ml_model.service.out_of_fold import predict_out_of_fold

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """A model to be fitted. features: (rows, features); target: (rows,).

    categories: of each feature how many it has, 0 for numbers; without it all are numbers.
    """

    choice: ModelChoice
    features: Floats
    target: Floats
    categories: Sequence[int] = ()


class Trainer(Protocol):
    """Fits models."""

    def train(self, task: Task, key: bytes) -> Artifact:
        """The fitted model. Raises TrainingFailedError, ArtifactTooLargeError."""
        ...

    def predict_out_of_fold(self, task: Task) -> OutOfFold | None:
        """What such models say of the task's rows without having seen them; None where that cannot be told.

        Raises TrainingFailedError.
        """
        ...

    def try_out(self, task: Task) -> None:
        """Fit on trial. Raises RefusedHyperparametersError, TrainingFailedError."""
        ...


class InThisProcess:
    """Fits in the caller's own thread."""

    def train(self, task: Task, key: bytes) -> Artifact:
        """As Trainer's."""
        pipeline = fit(task.choice, task.features, task.target, task.categories)
        return make_artifact(pipeline, task.features, key)

    def predict_out_of_fold(self, task: Task) -> OutOfFold | None:
        """As Trainer's."""
        return predict_out_of_fold(task.choice, task.features, task.target, task.categories)

    def try_out(self, task: Task) -> None:
        """As Trainer's."""
        try_fit(task.choice, task.features, task.target, task.categories)
