"""Scores a stored set: rows are read and predicted while others are being stored."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from db.definition import Task, UseCase
from db.sets import Samples, SetName
from fleet.errors import ConflictError
from ml_model.persistence.model.deployment import Deployment
from ml_model.persistence.model.scored import Scored, in_order
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.predictor import Predictor
from ml_model.service.read_ahead import read_ahead
from ml_model.service.scores import MAIN_METRIC, compute_metrics, describe

Floats = npt.NDArray[np.float64]
Units = Callable[[], MlModelUnitOfWork]


class SetNotLoadedError(ConflictError):
    """The set has no rows that could be used."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(
            f"The {name} set has no {what}", f'Call POST /root/simulator with {{"set_name": "{name}"}} first'
        )


@dataclass(frozen=True)
class Score:
    """How a deployment did on a set.

    rows: how many were predicted and stored; classes: how many of them as which class, none for a regression;
    metrics: of the labelled.
    """

    task: Task
    deployment_id: int
    rows: int
    classes: dict[int, int]
    metrics: dict[str, float]

    @property
    def main(self) -> float | None:
        """Accuracy, or R² of a regression; None if it cannot be told."""
        return self.metrics.get(MAIN_METRIC[self.task])

    @property
    def text(self) -> str:
        """The score in a few words."""
        return describe(self.task, self.metrics)


@dataclass(frozen=True)
class Scorer:
    """units: opens a transaction, in any thread, on connections that are kept for reading."""

    units: Units

    def score(
        self,
        work: MlModelUnitOfWork,
        use_case: UseCase,
        deployment: Deployment,
        predictor: Predictor,
        set_name: SetName,
    ) -> Score:
        """Predict a set, store the predictions in the transaction `work`, and judge them.

        Raises SetNotLoadedError.
        """
        work.samples.hold(use_case, set_name)
        _forget(work, use_case, deployment, set_name)
        target, parts = np.empty(0), list[Scored]()

        def read(hand_over: Callable[[Samples], object]) -> None:
            nonlocal target
            target = self._read(use_case, set_name, hand_over)

        with read_ahead(read) as blocks:
            predicted = _predicted(predictor, blocks, parts)
            work.samples.add_predictions(use_case, deployment.id, predicted)
        if not parts:
            raise SetNotLoadedError(set_name, "samples")
        labels = in_order(parts)
        metrics = compute_metrics(use_case.task, target, labels)
        work.deployments.store_metrics(deployment.id, set_name, metrics)
        return Score(use_case.task, deployment.id, len(labels), _classes(use_case, labels), metrics)

    def _read(self, use_case: UseCase, set_name: SetName, hand_over: Callable[[Samples], object]) -> Floats:
        """What is known of the samples, (rows,), in the order of their numbers."""
        numbers: list[npt.NDArray[np.int64]] = []

        def note(samples: Samples) -> None:
            numbers.append(samples.sample_index)
            hand_over(samples)

        with self.units() as work:
            work.samples.stream(use_case, set_name, note)
            if not numbers:
                return np.empty(0)
            return work.samples.targets(use_case, np.sort(np.concatenate(numbers)))


def _forget(work: MlModelUnitOfWork, use_case: UseCase, deployment: Deployment, set_name: SetName) -> None:
    """Delete what the deployment said of the set before; of a set that it never scored, only of live rows."""
    if work.deployments.has_scored(deployment.id, set_name):
        work.samples.forget_predictions(use_case, set_name, deployment.id)
    elif set_name == "production":
        work.samples.forget_live_predictions(use_case, deployment.id)


def _predicted(predictor: Predictor, blocks: Iterable[Samples], parts: list[Scored]) -> Iterator[Scored]:
    """What the model says of each block; also kept in `parts`."""
    for samples in blocks:
        said = predictor.predict(samples.features)
        parts.append(Scored(samples.sample_index, said.labels, said.probabilities))
        yield parts[-1]


def _classes(use_case: UseCase, labels: Floats) -> dict[int, int]:
    if use_case.task is not Task.CLASSIFICATION:
        return {}
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.astype(int).tolist(), counts.tolist(), strict=True))
