"""Holds deployments against each other on the same labelled rows; no row leaves the service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from db.definition import Task, UseCase
from db.sets import RowRange, SampleBlock
from fleet.errors import ConflictError, NotFoundError
from fleet.settings import SEED
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.losses import Loss, Losses, common_loss, losses_of
from ml_model.service.paired_losses import LossSums, PairedFigures, compare_losses, loss_sums
from ml_model.service.predictor import Predictor
from ml_model.service.roles import find_trained
from ml_model.service.scores import compute_metrics

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NAMED_SAMPLES = 10


class OtherUseCaseError(ConflictError):
    """A deployment is another use case's than the rows."""

    def __init__(self, deployment_id: int, its_use_case: str, use_case: str) -> None:
        super().__init__(
            f"Deployment {deployment_id} is a model of '{its_use_case}', and the rows are of '{use_case}'",
            f"Name deployments of '{use_case}', or say another use_case",
        )


class UnknownSamplesError(NotFoundError):
    """There are no samples of some numbers."""

    def __init__(self, numbers: Integers, use_case: str) -> None:
        named = ", ".join(map(str, numbers[:NAMED_SAMPLES]))
        more = len(numbers) - NAMED_SAMPLES
        super().__init__(
            f"There are no samples of '{use_case}' whose sample_index is {named}"
            + (f", nor {more} more of those that are named" if more > 0 else ""),
            "Name samples that are stored: they may have been replaced or pruned since, or not be stored yet",
        )


class NothingToEvaluateError(ConflictError):
    """None of the rows can count.

    labelled: how many have a target.
    """

    def __init__(self, labelled: int) -> None:
        has_target = f"None of the {labelled} rows with a target can be predicted by every deployment"
        super().__init__(
            has_target if labelled else "None of the rows has a target",
            "Name other rows, load their set with POST /root/simulator, or tell their truth with "
            "POST /root/ml/feedback",
        )


@dataclass(frozen=True)
class Evaluated:
    """How a deployment does. loss: the most telling that it has, which losses are sums of."""

    deployment_id: int
    loss: Loss
    losses: LossSums
    metrics: dict[str, float]


@dataclass(frozen=True)
class Pair:
    """A later deployment, the second, against the first. loss: the most telling that both have."""

    first: int
    second: int
    loss: Loss
    figures: PairedFigures


@dataclass(frozen=True)
class Outcome:
    """rows: with a target, which every deployment can predict."""

    rows: int
    deployments: list[Evaluated]
    pairs: list[Pair]


@dataclass(frozen=True)
class _Judged:
    deployment_id: int
    labels: Floats
    losses: Losses

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Rows that the model can compute with."""
        finite = np.isfinite([self.labels, *self.losses.values()])
        return np.asarray(finite.all(axis=0))

    def only(self, which: npt.NDArray[np.bool_]) -> "_Judged":
        losses = {kind: losses[which] for kind, losses in self.losses.items()}
        return _Judged(self.deployment_id, self.labels[which], losses)


class Evaluation:
    """units: opens a transaction. predictor: a deployment's."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork], predictor: Callable[[int], Predictor]) -> None:
        self._units = units
        self._predictor = predictor

    def evaluate(self, name: str, deployment_ids: Sequence[int], rows: RowRange | Sequence[int]) -> Outcome:
        """Predict the rows anew by each deployment, and judge what they say; nothing is stored.

        rows: a range, or any samples' sample_index, each of which counts once. The same rows give the same
        figures. Raises UnknownDeploymentError, NeverTrainedError, DiscardedError, OtherUseCaseError,
        UnknownSamplesError, NothingToEvaluateError.
        """
        use_case, block = self._read(name, deployment_ids, rows)
        if not len(block):
            raise NothingToEvaluateError(0)
        judged = [self._judge(use_case, number, block) for number in deployment_ids]
        usable = np.all([each.usable for each in judged], axis=0)
        if not usable.any():
            raise NothingToEvaluateError(len(block))
        judged, target = [each.only(usable) for each in judged], block.target[usable]
        first, *others = judged
        return Outcome(
            len(target),
            [_evaluated(use_case, each, target) for each in judged],
            [_pair(first, each) for each in others],
        )

    def _read(
        self, name: str, deployment_ids: Sequence[int], rows: RowRange | Sequence[int]
    ) -> tuple[UseCase, SampleBlock]:
        with self._units() as work:
            work.samples.see_one_moment()
            use_case = work.samples.find(name)
            for deployment_id in deployment_ids:
                deployment = find_trained(work, deployment_id)
                if deployment.use_case != use_case.name:
                    raise OtherUseCaseError(deployment_id, deployment.use_case, use_case.name)
            if isinstance(rows, RowRange):
                return use_case, work.samples.labelled(use_case, rows)
            numbers = np.unique(np.array(rows, np.int64))
            block = work.samples.labelled(use_case, numbers)
            unknown = work.samples.unknown(use_case, np.setdiff1d(numbers, block.sample_index))
            if len(unknown):
                raise UnknownSamplesError(unknown, use_case.name)
        return use_case, block

    def _judge(self, use_case: UseCase, deployment_id: int, block: SampleBlock) -> _Judged:
        said = self._predictor(deployment_id).predict(block.features)
        numbers = use_case.task is Task.REGRESSION
        return _Judged(deployment_id, said.labels, losses_of(block.target, said, numbers=numbers))


def _evaluated(use_case: UseCase, judged: _Judged, target: Floats) -> Evaluated:
    loss = common_loss(judged.losses)
    metrics = compute_metrics(use_case.task, target, judged.labels)
    return Evaluated(judged.deployment_id, loss, loss_sums(judged.losses[loss]), metrics)


def _pair(first: _Judged, second: _Judged) -> Pair:
    loss = common_loss(first.losses, second.losses)
    figures = compare_losses(first.losses[loss], second.losses[loss], SEED)
    return Pair(first.deployment_id, second.deployment_id, loss, figures)
