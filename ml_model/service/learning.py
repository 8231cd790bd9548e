"""Fits a deployment to the rows of a snapshot, and stores what came of it."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.definition import UseCase
from db.references import OutOfFold
from db.sets import SampleBlock
from db.snapshots import Lesson
from fleet.caller import Caller
from fleet.catalogue import Preprocessing, check_hyperparameters, check_model
from fleet.errors import BugError, FleetError, OutOfTimeError
from ml_model.persistence.model.deployment import Artifact, Deployment, ModelChoice
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.artifacts import open_artifact
from ml_model.service.fitting import TRIAL_ROWS, RefusedHyperparametersError
from ml_model.service.scoring import Score, Scorer
from ml_model.service.training import Task, Trainer

log = logging.getLogger(__name__)

MOST_REFERENCE_ROWS = 20_000  # of more, five further fits take too long
ENOUGH_TESTING_ROWS = 5_000  # with a target: so many say enough of the losses to expect


@dataclass(frozen=True)
class Fitted:
    """A deployment, and the model that was fitted for it. started: when that was asked for.

    reference: what such models say of its rows without having seen them, if that was made.
    """

    use_case: UseCase
    deployment: Deployment
    artifact: Artifact
    reference: OutOfFold | None
    snapshot_id: int
    started: datetime


class Learning:
    """units: opens a transaction. key: signs artifacts. trainer: fits, in place of the caller's thread."""

    def __init__(
        self, units: Callable[[], MlModelUnitOfWork], key: bytes, trainer: Trainer, scorer: Scorer
    ) -> None:
        self._units = units
        self._key = key
        self._trainer = trainer
        self._scorer = scorer

    def choose(
        self,
        name: str,
        model_name: str,
        hyperparameters: Mapping[str, Any],
        preprocessing: Preprocessing,
        run_id: str | None,
    ) -> tuple[UseCase, ModelChoice]:
        """The use case and the model that was chosen for it, once it has been checked and fitted on trial.

        Raises UnknownUseCaseError, UnknownModelError, WrongTaskError, UnknownHyperparameterError,
        RefusedHyperparametersError, TrainingFailedError.
        """
        with self._units() as work:
            use_case = work.samples.find(name)
        check_model(model_name, use_case.task.value)
        check_hyperparameters(model_name, hyperparameters)
        choice = ModelChoice(
            model_name=model_name, hyperparameters=hyperparameters, preprocessing=preprocessing, run_id=run_id
        )
        self._try_out(use_case, choice)
        return use_case, choice

    def _try_out(self, use_case: UseCase, choice: ModelChoice) -> None:
        with self._units() as work:
            rows = work.samples.read(use_case, "training", limit=TRIAL_ROWS)
        try:
            self._trainer.try_out(_task(use_case, choice, rows))
        except RefusedHyperparametersError:
            if len(rows) < TRIAL_ROWS:
                raise
            # A size that only the first rows are too few for is no reason to refuse.
            with self._units() as work:
                everything = work.samples.read(use_case, "training")
            self._trainer.try_out(_task(use_case, choice, everything))

    def fit(
        self, use_case: UseCase, deployment: Deployment, lesson: Lesson, started: datetime, caller: Caller
    ) -> Fitted:
        """Takes its time, in no transaction. What it fails of is written down, and raised."""
        task = Task(deployment, lesson.features, lesson.target, use_case.category_counts)
        try:
            artifact = self._trainer.train(task, self._key)
        except Exception as error:  # also of a process that died, or took too long
            told = error if isinstance(error, FleetError) else BugError()
            self._record_failure(deployment, told.error, caller)
            raise
        reference = self._reference(use_case, task, deployment.id)
        return Fitted(use_case, deployment, artifact, reference, lesson.snapshot.id, started)

    def _reference(self, use_case: UseCase, task: Task, deployment_id: int) -> OutOfFold | None:
        """None where there is no need or none can be made, which the log says: a model does without."""
        try:
            why = self._no_need(use_case, task)
            reference = None if why else self._trainer.predict_out_of_fold(task)
        except OutOfTimeError:
            why, reference = "it would take too long", None
        except FleetError as error:
            why, reference = error.error, None
        except Exception:  # whatever the libraries raise
            log.exception("Deployment %s gets no out-of-fold reference", deployment_id)
            return None
        if reference is None:
            why = why or "a class has a single row, or values are too large for the model of the other rows"
            log.warning("Deployment %s gets no out-of-fold reference: %s", deployment_id, why)
        return reference

    def _no_need(self, use_case: UseCase, task: Task) -> str:
        """Why a reference would be too much, or say nothing new; nothing where it is wanted."""
        if len(task.target) > MOST_REFERENCE_ROWS:
            return f"it learns from more than {MOST_REFERENCE_ROWS} rows"
        with self._units() as work:
            enough = work.samples.has_labelled(use_case, "testing", ENOUGH_TESTING_ROWS)
        return f"the testing set has {ENOUGH_TESTING_ROWS} labelled rows or more" if enough else ""

    def store(self, work: MlModelUnitOfWork, fitted: Fitted, caller: Caller) -> tuple[Deployment, Score]:
        """Store the model, and what it says of the training set, in the transaction `work`.

        In a new deployment if the one that was fitted is trained already.
        """
        predictor = open_artifact(fitted.artifact, self._key)
        work.deployments.hold(fitted.deployment.id)
        trained = work.deployments.store_training(
            fitted.deployment,
            fitted.artifact,
            snapshot_id=fitted.snapshot_id,
            started=fitted.started,
            actor=caller.name,
        )
        if fitted.reference is not None:
            work.references.add(trained.id, fitted.reference)
        score = self._scorer.score(work, fitted.use_case, trained, predictor, "training")
        work.audit.add("train", trained.id, caller, use_case=fitted.use_case.name)
        return trained, score

    def _record_failure(self, deployment: Deployment, failure: str, caller: Caller) -> None:
        with self._units() as work:
            work.deployments.store_failure(deployment.id, failure)
            work.audit.add("train_failed", deployment.id, caller, use_case=deployment.use_case)
            work.commit()


def _task(use_case: UseCase, choice: ModelChoice, rows: SampleBlock) -> Task:
    return Task(choice, *rows.labelled(), use_case.category_counts)
