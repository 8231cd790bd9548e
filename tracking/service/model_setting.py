"""Sets a run's model in ml_model."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fleet.caller import Caller
from fleet.errors import ConflictError, InvalidRequestError, SiblingInDoubtError
from tracking.persistence.model.experiment import Run
from tracking.persistence.repository.ml_model_client import ModelToSet
from tracking.persistence.repository.run_contents import best_hyperparameters, unfit_hyperparameter
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.ports import Champions, Experiments, MlModel

log = logging.getLogger(__name__)

DEFAULT_PREPROCESSING = "standard_scaler"
LONGEST_NAME = 100  # of a hyperparameter that is named in an error


class NoModelInRunError(InvalidRequestError):
    """The run was logged by somebody who did not say which model it is of."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"Run with ID {run_id} names no model", "Use a run of an optimisation: it has the tag model_type"
        )


class ForeignRunError(InvalidRequestError):
    """Nothing in the run says which hyperparameters its model has: it was not tracking that wrote it."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"Run with ID {run_id} does not say its hyperparameters in tracking's form",
            "Use a run of an optimisation, or set the model with POST /root/ml/set_model; in your own "
            "runs tracking reads the tag hyperparameters, a JSON object, or parameters called model_<name>",
        )


class UnfitHyperparameterError(InvalidRequestError):
    """A hyperparameter of the run was cut, or is no value that JSON holds."""

    def __init__(self, run_id: str, name: str) -> None:
        super().__init__(
            f"Run with ID {run_id} has the hyperparameter '{name[:LONGEST_NAME]}' as a value that cannot be "
            "used: it was cut, or is no JSON, such as NaN",
            "Use a run of an optimisation, or set the model with POST /root/ml/set_model",
        )


class RunNotFinishedError(ConflictError):
    """The run is going on, or has failed."""

    def __init__(self, run_id: str, status: str) -> None:
        super().__init__(
            f"Run with ID {run_id} is {status}, not FINISHED",
            "Use a run of an optimisation that has finished; GET …/runs?experiment_id= lists them",
        )


class RunOfAnotherUseCaseError(InvalidRequestError):
    """The use case that was asked for is not the run's."""

    def __init__(self, run_id: str, found: str, asked: str) -> None:
        super().__init__(
            f"'use_case': run with ID {run_id} is of use case '{found}', not of '{asked}'",
            f"Leave 'use_case' out, or use a run of an optimisation of '{asked}'",
        )


@dataclass(frozen=True)
class AskedRun:
    """The run whose model is meant. use_case: of one that does not say its own; if asked for, of any."""

    run_id: str
    use_case: str
    use_case_is_asked_for: bool


class ModelSettingService:
    """Pushes what a run found to ml_model. champions: are told of it. units: opens a transaction."""

    def __init__(
        self,
        experiments: Experiments,
        ml_model: MlModel,
        champions: Champions,
        units: Callable[[], TrackingUnitOfWork],
    ) -> None:
        self._experiments = experiments
        self._ml_model = ml_model
        self._champions = champions
        self._units = units

    def set_model(self, asked: AskedRun, *, caller: Caller, key: str | None = None) -> dict[str, Any]:
        """ml_model's answer. key: the caller's; with it ml_model does so once, even if this process dies.

        Raises RunNotFoundError, NoModelInRunError, ForeignRunError, UnfitHyperparameterError,
        RunOfAnotherUseCaseError, RunNotFinishedError, SiblingFailedError, SiblingRefusedError.
        """
        model = self._model(asked)
        answer = self._set(model, caller, key)
        self._crown(model, answer)
        return answer

    def train_candidate(
        self, asked: AskedRun, snapshot_id: int | None, *, caller: Caller, key: str | None = None
    ) -> dict[str, Any]:
        """ml_model's answer: it has trained the run's model without serving it. As `set_model` otherwise."""
        return self._ml_model.train_candidate(self._model(asked), snapshot_id, caller=caller, key=key)

    def promoted(self, asked: AskedRun, deployment_id: int) -> None:
        """The run's model, a candidate until now, is the champion; doing so again changes nothing.

        Raises RunNotFoundError, RunOfAnotherUseCaseError, MlflowUnavailableError.
        """
        run = self._experiments.run(asked.run_id)
        self._champions.crown(_use_case(run, asked), run.run_id, deployment_id)

    def _model(self, asked: AskedRun) -> ModelToSet:
        run = self._experiments.run(asked.run_id)
        model_name = run.tags.get("model_type")
        if not model_name:
            raise NoModelInRunError(asked.run_id)
        use_case = _use_case(run, asked)
        if run.status != "FINISHED":  # what it found is written down last of all
            raise RunNotFinishedError(asked.run_id, run.status)
        return ModelToSet(
            model_name=model_name,
            hyperparameters=_hyperparameters(run),
            preprocessing=run.tags.get("preprocessing", DEFAULT_PREPROCESSING),
            run_id=run.run_id,
            use_case=use_case,
        )

    def _set(self, model: ModelToSet, caller: Caller, key: str | None) -> dict[str, Any]:
        try:
            return self._ml_model.set_model(model, caller=caller, key=key)
        except SiblingInDoubtError:
            done = self._what_was_set(caller)
            if done is None:
                raise
            return done

    def _crown(self, model: ModelToSet, answer: dict[str, Any]) -> None:
        """The model is set, whatever becomes of the alias: an error here would be told of the setting."""
        try:
            self._champions.crown(model.use_case, model.run_id, answer.get("deployment_id"))
        except Exception:
            log.exception(
                "The model of run %s is set, and MLflow does not call it the champion of %s: set it again",
                model.run_id,
                model.use_case,
            )

    def _what_was_set(self, caller: Caller) -> dict[str, Any] | None:
        """What ml_model would have answered, if it has done what it was asked for."""
        with self._units() as work:
            deployment_id = work.audit.subject_of("ml_model", "set_model", caller)
        if deployment_id is None:
            return None
        return {"message": "Model successfully uploaded", "deployment_id": int(deployment_id)}


def _use_case(run: Run, asked: AskedRun) -> str:
    found = run.tags.get("use_case", asked.use_case)
    if asked.use_case_is_asked_for and found != asked.use_case:
        raise RunOfAnotherUseCaseError(run.run_id, found, asked.use_case)
    return found


def _hyperparameters(run: Run) -> dict[str, Any]:
    found = best_hyperparameters(run)
    if found is None:
        raise ForeignRunError(run.run_id)
    unfit = unfit_hyperparameter(found)
    if unfit is not None:
        raise UnfitHyperparameterError(run.run_id, unfit)
    return found
