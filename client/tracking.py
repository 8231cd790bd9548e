"""tracking: searches hyperparameters, and keeps experiments and runs in MLflow."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Required, TypedDict, Unpack, overload

from client.answers import DeploymentRecord, ModelSet, Optimisation, Search
from client.deployments import Preprocessing
from client.experiments import Experiments
from client.jobs import JobHandle, Jobs

Models = Sequence[str] | Literal["auto"]
Grids = Mapping[str, Mapping[str, Sequence[Any]]]


class Budget(TypedDict, total=False):
    """How far a search goes: candidates of each model, or seconds of all of them together."""

    candidates: int
    seconds: float


class How(TypedDict, total=False):
    """How a search is made and recorded. cv: the number of folds. include: of some models a setting that is
    tried in any case.

    scoring: one of scikit-learn's; the task's headline metric if left out. snapshot_id: the rows to search
    on, instead of the training set as it is. method: "grid" if left out. budget: of the other methods.
    """

    experiment_name: Required[str]
    method: Literal["grid", "random", "halving", "optuna"] | None
    budget: Budget | None
    include: Mapping[str, Mapping[str, Any]] | None
    scoring: str | None
    cv: int | None
    preprocessing: Preprocessing | None
    experiment_description: str | None
    experiment_owner: str | None
    snapshot_id: int | None
    use_case: str | None
    idempotency_key: str | None


class Tracking(Experiments, Jobs):
    """`fleet.tracking`.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    """

    @overload
    def optimise(
        self,
        models: Models,
        hyperparameters: Grids | None = None,
        *,
        wait: Literal[True] = True,
        **setting: Unpack[How],
    ) -> Search: ...
    @overload
    def optimise(
        self,
        models: Models,
        hyperparameters: Grids | None = None,
        *,
        wait: Literal[False],
        **setting: Unpack[How],
    ) -> JobHandle[Search]: ...
    def optimise(
        self,
        models: Models,
        hyperparameters: Grids | None = None,
        *,
        wait: bool = True,
        **setting: Unpack[How],
    ) -> Search | JobHandle[Search]:
        """Searches each model by cross-validation, and keeps one run a model.

        models: "auto" for all that there are for the task. hyperparameters: for each model, the values to try
        of each of its estimator's parameters; methods other than a grid search need none.
        wait: for what was found; otherwise the job that searches is returned.
        Raises ConflictError if the name is that of a deleted experiment.
        """
        body: dict[str, Any] = {"request_information": "optimization", "models": models, **setting}
        body["hyperparameters"] = hyperparameters
        if wait:
            return self._connection.post(Optimisation, "/model_management", **body).data
        return JobHandle(self, self._connection.begin("/model_management", **body), _search)

    def set_model(
        self, run_id: str, *, use_case: str | None = None, idempotency_key: str | None = None
    ) -> ModelSet:
        """Hands the run's model to ml_model. use_case: of a run that does not say its own."""
        body = {"request_information": "setting", "run_id": run_id, "use_case": use_case}
        return self._connection.post(ModelSet, "/model_management", idempotency_key=idempotency_key, **body)

    def train_candidate(
        self,
        run_id: str,
        *,
        snapshot_id: int | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> DeploymentRecord:
        """Has ml_model train the run's model without serving it. snapshot_id: on these rows."""
        body: dict[str, Any] = {"request_information": "setting", "candidate": True, "run_id": run_id}
        body |= {"snapshot_id": snapshot_id, "use_case": use_case}
        return self._connection.post(
            DeploymentRecord, "/model_management", idempotency_key=idempotency_key, **body
        )

    def tell_promoted(self, run_id: str, deployment_id: int, *, use_case: str | None = None) -> ModelSet:
        """Makes the run's model the champion: it is that of a candidate that serves now."""
        told: dict[str, Any] = {"request_information": "promoted", "run_id": run_id, "use_case": use_case}
        return self._connection.post(ModelSet, "/model_management", deployment_id=deployment_id, **told)


def _search(result: dict[str, Any]) -> Search:
    return Search.model_validate(result.get("data", result))
