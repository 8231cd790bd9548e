"""Scores a stored set: rows are read and predicted while what was predicted of others is being stored."""

from collections.abc import Callable
from dataclasses import dataclass, field

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


class TooLargeSampleError(ConflictError):
    """The model cannot compute with values of that size."""

    def __init__(self, sample_index: int) -> None:
        super().__init__(
            f"Sample {sample_index} of the set has values too large for the model to compute with",
            "Load the set without it: no model has learnt anything about such values",
        )


@dataclass(frozen=True)
class Score:
    """How a deployment did on a set.

    rows: how many it has predicted, live ones as they came in; classes: how many of them as which class, none
    for a regression; metrics: of the labelled.
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

        What the deployment said of live rows when they came in stays as it is, and is judged with the rest.
        Raises SetNotLoadedError. `work` holds the deployment against others who score with it.
        """
        work.samples.hold(use_case, set_name)
        if work.deployments.has_scored(deployment.id, set_name):
            work.samples.forget_predictions(use_case, set_name, deployment.id)
        target, parts = np.empty(0), list[Scored]()

        def read(hand_over: Callable[[Scored], object]) -> None:
            nonlocal target
            reading = _Reading(predictor, hand_over, parts)
            target = self._read(reading, use_case, deployment, set_name)

        with read_ahead(read) as predicted:
            work.samples.add_predictions(use_case, deployment.id, predicted)
        if not parts:
            raise SetNotLoadedError(set_name, "samples")
        labels = in_order(parts)
        metrics = compute_metrics(use_case.task, target, labels)
        work.deployments.store_metrics(deployment.id, set_name, metrics)
        return Score(use_case.task, deployment.id, len(labels), _classes(use_case, labels), metrics)

    def _read(
        self, reading: "_Reading", use_case: UseCase, deployment: Deployment, set_name: SetName
    ) -> Floats:
        """What is known of the samples, (rows,), in the order of their numbers.

        All as of one moment. A live row is committed with what this deployment said of it, if it did: of what
        is read as unpredicted, nobody stores this deployment's prediction but the caller, who holds it.
        """
        with self.units() as work:
            work.samples.see_one_moment()
            if set_name == "production":
                reading.said = work.samples.live_predictions(use_case, deployment.id)
            work.samples.stream(use_case, set_name, reading.take)
            if not reading.parts:
                return np.empty(0)
            numbers = np.sort(np.concatenate([part.sample_index for part in reading.parts]))
            return work.samples.targets(use_case, numbers)


@dataclass
class _Reading:
    """Samples that are read.

    hand_over: told what is predicted of them; parts: gets that, and what had been said of others; said: of
    some by the deployment, in order of their numbers.
    """

    predictor: Predictor
    hand_over: Callable[[Scored], object]
    parts: list[Scored]
    said: Scored = field(default_factory=lambda: Scored(np.empty(0, np.int64), np.empty(0), None))

    def take(self, samples: Samples) -> None:
        """Predict those of which nothing has been said."""
        said = self.said.sample_index
        if len(said):
            places = np.minimum(np.searchsorted(said, samples.sample_index), len(said) - 1)
            known = said[places] == samples.sample_index
            self.parts.append(Scored(samples.sample_index[known], self.said.labels[places[known]], None))
            samples = Samples(samples.sample_index[~known], samples.features[~known])
        if len(samples.sample_index):
            self.parts.append(_predicted(self.predictor, samples))
            self.hand_over(self.parts[-1])


def _predicted(predictor: Predictor, samples: Samples) -> Scored:
    """What the model says, by sample_index. Raises TooLargeSampleError.

    In another order PostgreSQL takes half as long again, as each row goes to another page of the index.
    """
    said = predictor.predict(samples.features)
    finite = np.isfinite(said.labels)
    if not finite.all():
        raise TooLargeSampleError(int(samples.sample_index[np.argmin(finite)]))
    order = np.argsort(samples.sample_index)
    probabilities = said.probabilities[order] if said.probabilities is not None else None
    return Scored(samples.sample_index[order], said.labels[order], probabilities)


def _classes(use_case: UseCase, labels: Floats) -> dict[int, int]:
    if use_case.task is not Task.CLASSIFICATION:
        return {}
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.astype(int).tolist(), counts.tolist(), strict=True))
