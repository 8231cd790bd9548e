"""The registered model of a use case: its versions are winners of searches, its aliases say which counts.

It is called as the use case is. No model of the catalogue can be: those begin with a capital letter.
"""

from datetime import UTC, datetime
from typing import Any

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from fleet.mlflow_client import NOT_THERE
from tracking.persistence.repository.mlflow_connection import translated
from tracking.persistence.repository.run_models import RunModels

CHALLENGER = "challenger"
CHAMPION = "champion"
DEPLOYMENT_TAG = "deployment_id"
DEPLOYED_TAG = "deployed_at"


class UseCaseModels:
    """Registered models of use cases in one MLflow server. Both raise MlflowUnavailableError."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._models = RunModels(client)

    def challenge(self, use_case: str, run_id: str) -> None:
        """The run's model challenges the champion, unless a later one does so already."""
        with translated():
            version = self._version(use_case, run_id)
            if version is not None and int(version) > self._holder(use_case, CHALLENGER):
                self._client.set_registered_model_alias(use_case, CHALLENGER, version)

    def crown(self, use_case: str, run_id: str, deployment_id: object) -> None:
        """The run's model is the champion: it was set just now. A run without a model changes nothing."""
        with translated():
            version = self._version(use_case, run_id)
            if version is None:
                return
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._client.set_model_version_tag(use_case, version, DEPLOYMENT_TAG, deployment_id)
            self._client.set_model_version_tag(use_case, version, DEPLOYED_TAG, now)
            self._client.set_registered_model_alias(use_case, CHAMPION, version)

    def _version(self, use_case: str, run_id: str) -> str | None:
        run = self._client.get_run(run_id)
        model_id = self._models.logged(run)
        return None if model_id is None else self._models.register_once(use_case, run, model_id)

    def _holder(self, use_case: str, alias: str) -> int:
        """The number of the version that has the alias; 0 if none has."""
        try:
            found: Any = self._client.get_model_version_by_alias(use_case, alias)
        except MlflowException as error:
            # MLflow calls an alias that there is not yet an invalid one.
            if error.error_code not in {*NOT_THERE, "INVALID_PARAMETER_VALUE"}:
                raise
            return 0
        return int(found.version)
