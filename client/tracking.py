"""tracking: searches hyperparameters, and keeps experiments and runs in MLflow."""

from collections.abc import Mapping, Sequence
from typing import Any, Required, TypedDict, Unpack

from client.answers import ModelSet, Optimisation, Search
from client.deployments import Preprocessing
from client.experiments import Experiments


class SearchSetting(TypedDict, total=False):
    """How a search is made and recorded. cv: the number of folds.

    scoring: one of scikit-learn's; the task's headline metric if left out. snapshot_id: the rows to search
    on, instead of the training set as it is.
    """

    experiment_name: Required[str]
    scoring: str | None
    cv: int | None
    preprocessing: Preprocessing | None
    experiment_description: str | None
    experiment_owner: str | None
    snapshot_id: int | None
    use_case: str | None
    idempotency_key: str | None


class Tracking(Experiments):
    """`fleet.tracking`.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    """

    def optimise(
        self,
        models: Sequence[str],
        hyperparameters: Mapping[str, Mapping[str, Sequence[Any]]],
        **setting: Unpack[SearchSetting],
    ) -> Search:
        """Searches each model's grid by cross-validation, and keeps one run a model.

        hyperparameters: for each model, the values to try of each of its estimator's parameters.
        Raises ConflictError if the name is that of a deleted experiment.
        """
        body: dict[str, Any] = {"models": models, "hyperparameters": hyperparameters, **setting}
        return self._connection.post(
            Optimisation, "/model_management", request_information="optimization", **body
        ).data

    def set_model(
        self, run_id: str, *, use_case: str | None = None, idempotency_key: str | None = None
    ) -> ModelSet:
        """Hands the run's model to ml_model. use_case: of a run that does not say its own."""
        body = {"request_information": "setting", "run_id": run_id, "use_case": use_case}
        return self._connection.post(ModelSet, "/model_management", idempotency_key=idempotency_key, **body)
