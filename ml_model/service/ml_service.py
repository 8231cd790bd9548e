"""Sets, trains and scores models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from db.definition import Task, UseCase
from db.sets import SampleBlock, Samples, SetName
from fleet.caller import Caller
from fleet.catalogue import Preprocessing, check_hyperparameters, check_model
from fleet.errors import ConflictError
from ml_model.persistence.model.deployment import Deployment, LiveModel, ModelChoice
from ml_model.persistence.model.scored import Scored, in_order
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.artifacts import ArtifactTooLargeError, open_artifact
from ml_model.service.fitting import TRIAL_ROWS, RefusedHyperparametersError, TrainingFailedError
from ml_model.service.predictor import Predictor
from ml_model.service.scores import MAIN_METRIC, compute_metrics, describe
from ml_model.service.training import InThisProcess, Trainer
from ml_model.service.training import Task as TrainingTask

Predicted = Callable[[str, Mapping[int, int]], object]

OPEN_MODELS = 8  # kept in memory, opened


class NothingSetError(ConflictError):
    """No model was set for the use case."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"No model is set for '{use_case}'", "Call POST /root/ml/set_model first, or tracking's 'setting'"
        )


class NotTrainedError(ConflictError):
    """The newest set model has not been trained."""

    def __init__(self, model_name: str) -> None:
        super().__init__(
            f"{model_name} is set but not trained", 'Call POST /root/ml with {"dataset": "training"} first'
        )


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


class MlService:
    """The models of every use case.

    units: opens a transaction. key: signs artifacts. predicted: told, with the use case, how often each class
    was predicted. changed: called once another model is live. trainer: fits, in place of the caller's thread.
    """

    def __init__(
        self,
        units: Callable[[], MlModelUnitOfWork],
        key: bytes,
        *,
        predicted: Predicted = lambda *_: None,
        changed: Callable[[], object] = lambda: None,
        trainer: Trainer | None = None,
    ) -> None:
        self._units = units
        self._key = key
        self._predicted = predicted
        self._changed = changed
        self._trainer = trainer or InThisProcess()
        self._predictor = lru_cache(OPEN_MODELS)(self._open)  # an artifact never changes once it is stored

    def describe(self, name: str) -> tuple[Deployment | None, Deployment | None]:
        """The deployment that was set last, and the live one."""
        with self._units() as work:
            use_case = work.samples.find(name)
            newest, active = work.deployments.newest(use_case.name), work.deployments.active(use_case.name)
        same = newest is not None and active is not None and newest.id == active.id
        return (active if same else newest), active

    def live(self) -> list[LiveModel]:
        """What is live in every use case."""
        with self._units() as work:
            return work.deployments.live()

    def set_model(  # noqa: PLR0913  # what a model is, and who sets it
        self,
        name: str,
        model_name: str,
        hyperparameters: Mapping[str, Any],
        *,
        caller: Caller,
        preprocessing: Preprocessing = "standard_scaler",
        run_id: str | None = None,
    ) -> int:
        """Record a model to be trained, after a trial; returns the id of its deployment.

        Raises UnknownModelError, WrongTaskError, UnknownHyperparameterError or RefusedHyperparametersError.
        """
        with self._units() as work:
            use_case = work.samples.find(name)
        check_model(model_name, use_case.task.value)
        check_hyperparameters(model_name, hyperparameters)
        choice = ModelChoice(
            model_name=model_name, hyperparameters=hyperparameters, preprocessing=preprocessing, run_id=run_id
        )
        with self._units() as work:
            rows = work.samples.read(use_case, "training", limit=TRIAL_ROWS)
        self._try(use_case, choice, rows)
        with self._units() as work:
            deployment = work.deployments.add(use_case.name, choice, actor=caller.name)
            work.audit.add("set_model", deployment.id, caller, use_case=use_case.name)
            work.commit()
        return deployment.id

    def _try(self, use_case: UseCase, choice: ModelChoice, rows: SampleBlock) -> None:
        try:
            self._trainer.try_out(TrainingTask(choice, *_labelled(rows), use_case.category_counts))
        except RefusedHyperparametersError:
            if len(rows) < TRIAL_ROWS:
                raise
            # A size that only the first rows are too few for is no reason to refuse.
            with self._units() as work:
                everything = work.samples.read(use_case, "training")
            self._trainer.try_out(TrainingTask(choice, *_labelled(everything), use_case.category_counts))

    def train(self, name: str, *, caller: Caller) -> Score:
        """Fit the newest set model on the training set and make it the live one.

        A model that is trained already is trained again, as a new deployment.
        """
        with self._units() as work:
            started = work.deployments.now()
            use_case = work.samples.find(name)
            deployment = self._newest(work, use_case)
            features, target = _labelled(work.samples.read(use_case, "training"))
        if not len(target):
            raise SetNotLoadedError("training", "labelled samples")
        try:
            task = TrainingTask(deployment, features, target, use_case.category_counts)
            artifact = self._trainer.train(task, self._key)
        except (TrainingFailedError, ArtifactTooLargeError) as error:
            self._record_failure(deployment, error.error, caller)
            raise
        predictor = open_artifact(artifact, self._key)
        with self._units() as work:
            work.deployments.hold_use_case(use_case.name)
            trained = work.deployments.store_training(
                deployment, artifact, started=started, actor=caller.name
            )
            work.deployments.activate(trained, "training", actor=caller.name)
            for action in ("train", "activate"):
                work.audit.add(action, trained.id, caller, use_case=use_case.name)
            score = _score(work, use_case, trained, predictor, "training")
            work.commit()
        self._changed()
        self._predicted(use_case.name, score.classes)
        return score

    def score(self, name: str, set_name: SetName) -> Score:
        """Predict a set with the newest set model, store the predictions and judge them."""
        with self._units() as work:
            use_case = work.samples.find(name)
            deployment = self._newest(work, use_case)
        if deployment.trained_at is None:
            raise NotTrainedError(deployment.model_name)
        predictor = self._predictor(deployment.id)
        with self._units() as work:
            work.deployments.hold(deployment.id)
            score = _score(work, use_case, deployment, predictor, set_name)
            work.commit()
        self._predicted(use_case.name, score.classes)
        return score

    def _newest(self, work: MlModelUnitOfWork, use_case: UseCase) -> Deployment:
        deployment = work.deployments.newest(use_case.name)
        if deployment is None:
            raise NothingSetError(use_case.name)
        return deployment

    def _open(self, deployment_id: int) -> Predictor:
        with self._units() as work:
            artifact = work.deployments.artifact(deployment_id)
        return open_artifact(artifact, self._key)

    def _record_failure(self, deployment: Deployment, failure: str, caller: Caller) -> None:
        with self._units() as work:
            work.deployments.store_failure(deployment.id, failure)
            work.audit.add("train_failed", deployment.id, caller, use_case=deployment.use_case)
            work.commit()


def _labelled(rows: SampleBlock) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    known = ~np.isnan(rows.target)
    return rows.features[known], rows.target[known]


def _score(
    work: MlModelUnitOfWork,
    use_case: UseCase,
    deployment: Deployment,
    predictor: Predictor,
    set_name: SetName,
) -> Score:
    parts: list[Scored] = []

    def predict(samples: Samples) -> None:
        said = predictor.predict(samples.features)
        parts.append(Scored(samples.sample_index, said.labels, said.probabilities))

    work.samples.stream(use_case, set_name, predict)
    if not parts:
        raise SetNotLoadedError(set_name, "samples")
    scored = in_order(parts)
    work.samples.forget_predictions(use_case, set_name, deployment.id)
    work.samples.add_predictions(use_case, deployment.id, scored)
    target = work.samples.targets(use_case, scored.sample_index)
    metrics = compute_metrics(use_case.task, target, scored.labels)
    work.deployments.store_metrics(deployment.id, set_name, metrics)
    return Score(use_case.task, deployment.id, len(scored), _classes(use_case, scored.labels), metrics)


def _classes(use_case: UseCase, labels: npt.NDArray[np.float64]) -> dict[int, int]:
    if use_case.task is not Task.CLASSIFICATION:
        return {}
    values, counts = np.unique(labels, return_counts=True)
    return dict(zip(values.astype(int).tolist(), counts.tolist(), strict=True))
