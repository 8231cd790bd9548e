"""Sets a run's model in ml_model."""

from typing import Any

from fleet.caller import Caller
from fleet.errors import InvalidRequestError
from tracking.persistence.repository.ml_model_client import ModelToSet
from tracking.persistence.repository.run_contents import best_hyperparameters
from tracking.service.ports import Experiments, MlModel

DEFAULT_PREPROCESSING = "standard_scaler"


class NoModelInRunError(InvalidRequestError):
    """The run was logged by somebody who did not say which model it is of."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"Run with ID {run_id} names no model", "Use a run of an optimisation: it has the tag model_type"
        )


class RunOfAnotherUseCaseError(InvalidRequestError):
    """The use case that was asked for is not the run's."""

    def __init__(self, run_id: str, found: str, asked: str) -> None:
        super().__init__(
            f"'use_case': run with ID {run_id} is of use case '{found}', not of '{asked}'",
            f"Leave 'use_case' out, or use a run of an optimisation of '{asked}'",
        )


class ModelSettingService:
    """Pushes what a run found to ml_model."""

    def __init__(self, experiments: Experiments, ml_model: MlModel) -> None:
        self._experiments = experiments
        self._ml_model = ml_model

    def set_model(
        self, run_id: str, *, use_case: str, use_case_is_asked_for: bool, caller: Caller
    ) -> dict[str, Any]:
        """ml_model's answer. use_case: of runs that do not say theirs; if asked for, of all others too.

        Raises RunNotFoundError, NoModelInRunError, RunOfAnotherUseCaseError, SiblingFailedError,
        SiblingRefusedError.
        """
        run = self._experiments.run(run_id)
        model_name = run.tags.get("model_type")
        if not model_name:
            raise NoModelInRunError(run_id)
        found = run.tags.get("use_case", use_case)
        if use_case_is_asked_for and found != use_case:
            raise RunOfAnotherUseCaseError(run_id, found, use_case)
        model = ModelToSet(
            model_name=model_name,
            hyperparameters=best_hyperparameters(run),
            preprocessing=run.tags.get("preprocessing", DEFAULT_PREPROCESSING),
            run_id=run.run_id,
            use_case=found,
        )
        return self._ml_model.set_model(model, caller=caller)
