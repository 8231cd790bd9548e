"""Sets, trains and scores models."""

from collections.abc import Callable, Mapping
from typing import Any

from db.definition import UseCase
from db.sets import SetName
from fleet.caller import Caller
from fleet.catalogue import Preprocessing
from fleet.errors import ConflictError
from ml_model.persistence.model.deployment import Deployment, LiveModel
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.interrupted import training_note
from ml_model.service.learning import Learning
from ml_model.service.predictor import Predictor
from ml_model.service.roles import find_trained
from ml_model.service.scoring import Score, Scorer

Predicted = Callable[[str, Mapping[int, int]], object]


class NothingSetError(ConflictError):
    """No model was set for the use case."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"No model is set for '{use_case}'", "Call POST /root/ml/set_model first, or tracking's 'setting'"
        )


class NotTrainedError(ConflictError):
    """The chosen model has not been trained."""

    def __init__(self, model_name: str) -> None:
        super().__init__(
            f"{model_name} is set but not trained", 'Call POST /root/ml with {"dataset": "training"} first'
        )


class MlService:
    """The models of every use case.

    units: opens a transaction. predictor: a deployment's. learning: fits models, scorer: scores them.
    predicted: told, with the use case, how often each class was predicted. changed: called once another model
    is live.
    """

    def __init__(  # noqa: PLR0913  # what it works with, and who is told
        self,
        units: Callable[[], MlModelUnitOfWork],
        predictor: Callable[[int], Predictor],
        learning: Learning,
        scorer: Scorer,
        *,
        predicted: Predicted = lambda *_: None,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._units = units
        self._predictor = predictor
        self._learning = learning
        self._scorer = scorer
        self._predicted = predicted
        self._changed = changed

    def describe(self, name: str) -> tuple[Deployment | None, Deployment | None]:
        """The deployment that was set, or made active again, last; and the live one."""
        with self._units() as work:
            work.samples.see_one_moment()
            use_case = work.samples.find(name)
            chosen, active = work.deployments.chosen(use_case.name), work.deployments.active(use_case.name)
        same = chosen is not None and active is not None and chosen.id == active.id
        return (active if same else chosen), active

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

        Raises what Learning.choose does.
        """
        use_case, choice = self._learning.choose(name, model_name, hyperparameters, preprocessing, run_id)
        with self._units() as work:
            use_case = work.samples.find(name)  # it may have been removed during the trial
            deployment = work.deployments.add(use_case.name, choice, actor=caller.name)
            work.audit.add("set_model", deployment.id, caller, use_case=use_case.name)
            work.commit()
        return deployment.id

    def train(self, name: str, *, caller: Caller) -> Score:
        """Fit the chosen model on the training set and make it the live one.

        A model that is trained already is trained again, as a new deployment. Raises NothingToLearnError.
        """
        with training_note(caller) as note:
            return self._train(name, caller, note)

    def _train(self, name: str, caller: Caller, note: Mapping[str, Any]) -> Score:
        with self._units() as work:
            started = work.deployments.now()
            use_case = work.samples.find(name)
            deployment = self._chosen(work, use_case)
            lesson = work.snapshots.take(use_case, None, actor=caller.name)
            work.deployments.begin_training(deployment.id, note)
            work.commit()
        fitted = self._learning.fit(use_case, deployment, lesson, started, caller)
        with self._units() as work:
            trained, score = self._learning.store(work, fitted, caller)
            # Last, as scoring takes its time: whoever changes what is live has to wait from here only.
            work.deployments.hold_use_case(use_case.name)
            work.deployments.activate(trained, "training", actor=caller.name)
            work.audit.add("activate", trained.id, caller, use_case=use_case.name)
            work.commit()
        self._changed()
        self._predicted(use_case.name, score.classes)
        return score

    def score(self, name: str, set_name: SetName, deployment_id: int | None = None) -> Score:
        """Predict a set with the chosen model, or the one named, store the predictions and judge them."""
        with self._units() as work:
            use_case = work.samples.find(name)
            if deployment_id is None:
                deployment: Deployment = self._chosen(work, use_case)
            else:
                deployment = find_trained(work, deployment_id, use_case.name)
        if deployment.trained_at is None:
            raise NotTrainedError(deployment.model_name)
        predictor = self._predictor(deployment.id)
        with self._units() as work:
            work.deployments.hold(deployment.id)
            if deployment_id is not None:
                find_trained(work, deployment_id, use_case.name)  # it may have been discarded meanwhile
            score = self._scorer.score(work, use_case, deployment, predictor, set_name)
            work.commit()
        self._predicted(use_case.name, score.classes)
        return score

    def _chosen(self, work: MlModelUnitOfWork, use_case: UseCase) -> Deployment:
        deployment = work.deployments.chosen(use_case.name)
        if deployment is None:
            raise NothingSetError(use_case.name)
        return deployment
