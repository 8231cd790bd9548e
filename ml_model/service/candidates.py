"""Models that are trained without being served: looked at, and then made active or thrown away."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from db.definition import UseCase
from db.snapshots import Lesson
from fleet.caller import Caller
from fleet.catalogue import Preprocessing
from fleet.errors import ConflictError
from ml_model.persistence.model.deployment import Deployment, DeploymentRecord, ModelChoice
from ml_model.persistence.repository.deployments import DiscardedError
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.interrupted import training_note
from ml_model.service.learning import Learning


class NoCandidateError(ConflictError):
    """The deployment was set or served at some time, and stays in the history with its model."""

    def __init__(self, deployment_id: int) -> None:
        super().__init__(
            f"Deployment {deployment_id} is no candidate: it was set, or has been live",
            "Only a candidate that never served can be discarded",
        )


class StillUsedError(ConflictError):
    """The candidate is a shadow or a canary at the moment."""

    def __init__(self, deployment_id: int, role: str) -> None:
        super().__init__(
            f"Deployment {deployment_id} is a {role} at the moment",
            f"End that first: DELETE /root/ml/deployments/{deployment_id}/role",
        )


class Candidates:
    """units: opens a transaction. learning: fits them."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork], learning: Learning) -> None:
        self._units = units
        self._learning = learning

    def train(  # noqa: PLR0913  # what a model is, and who trains it
        self,
        name: str,
        model_name: str,
        hyperparameters: Mapping[str, Any],
        *,
        caller: Caller,
        preprocessing: Preprocessing = "standard_scaler",
        run_id: str | None = None,
        snapshot_id: int | None = None,
    ) -> DeploymentRecord:
        """Train a candidate on its snapshot, or on the training set as it is; what is live stays live.

        Raises what Learning.choose does, UnknownSnapshotError, SnapshotChangedError, NothingToLearnError, and
        DiscardedError if it was thrown away meanwhile.
        """
        use_case, choice = self._learning.choose(name, model_name, hyperparameters, preprocessing, run_id)
        with training_note(caller) as note:
            deployment, lesson, started = self._begin(use_case, choice, snapshot_id, caller, note)
            fitted = self._learning.fit(use_case, deployment, lesson, started, caller)
            with self._units() as work:
                trained, _ = self._learning.store(work, fitted, caller)
                record = work.history.find(trained.id)
                work.commit()
        return record

    def discard(self, deployment_id: int, *, caller: Caller) -> DeploymentRecord:
        """Throw a candidate away: its model and its predictions go, what is known of it stays.

        One that is being trained yet is not stored, which whoever trains it is told.
        Raises UnknownDeploymentError, DiscardedError, NoCandidateError, StillUsedError.
        """
        with self._units() as work:
            use_case = work.samples.find(work.history.find(deployment_id).use_case)
            work.deployments.hold(deployment_id)  # first, as trainings do; who scores with it waits too
            work.deployments.hold_use_case(use_case.name)
            _check_discardable(work.history.find(deployment_id))
            work.samples.forget_all_predictions(use_case, deployment_id)
            work.references.forget(deployment_id)
            work.deployments.discard(deployment_id)
            work.audit.add("discard", deployment_id, caller, use_case=use_case.name)
            record = work.history.find(deployment_id)
            work.commit()
        return record

    def _begin(
        self,
        use_case: UseCase,
        choice: ModelChoice,
        snapshot_id: int | None,
        caller: Caller,
        note: Mapping[str, Any],
    ) -> tuple[Deployment, Lesson, datetime]:
        """What is to be fitted, on which rows, and since when: written down before it begins."""
        with self._units() as work:
            started = work.deployments.now()
            use_case = work.samples.find(use_case.name)  # it may have been removed during the trial
            if snapshot_id is None:
                lesson = work.snapshots.take(use_case, None, actor=caller.name)
            else:
                lesson = work.snapshots.read(use_case, snapshot_id)
            choice = replace(choice, snapshot_id=lesson.snapshot.id)
            deployment = work.deployments.add(
                use_case.name, choice, actor=caller.name, set_at=started, chosen=False
            )
            work.deployments.begin_training(deployment.id, note)
            work.commit()
        return deployment, lesson, started


def _check_discardable(deployment: DeploymentRecord) -> None:
    if deployment.discarded_at is not None:
        raise DiscardedError(deployment.id)
    if deployment.chosen_at is not None:
        raise NoCandidateError(deployment.id)
    for activation in deployment.activations:
        if activation.until is None:
            raise StillUsedError(deployment.id, activation.role)
