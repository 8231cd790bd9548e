"""The model of a run in MLflow and its registered versions: one of each, however often they are asked for."""

from typing import Any

from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus

from fleet.mlflow_client import log_model, pages, register
from tracking.persistence.model.search import SavedSearch
from tracking.persistence.repository.mlflow_connection import unless_gone

PAGE_SIZE = 100
SOURCE = "models:/"  # begins the source of a version, before the model's id


class RunModels:
    """Models of runs in one MLflow server. Whatever MLflow's client raises comes through."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def log_once(self, run: Any, search: SavedSearch) -> str:
        """The id of the run's model: logged, unless that is done; what was left unfinished is deleted."""
        model_id = self.logged(run)
        if model_id is None:
            ids = str(run.info.experiment_id), str(run.info.run_id)
            model_id = log_model(self._client, *ids, search.folder, search.model_name)
        self.remove(run, but=model_id)
        return model_id

    def logged(self, run: Any) -> str | None:
        """The id of the run's model; None if it has none that is whole."""
        ready = [str(each.model_id) for each in self._logged(run) if each.status == LoggedModelStatus.READY]
        return ready[0] if ready else None

    def register_once(self, name: str, run: Any, model_id: str) -> str:
        """The version of a registered model that is of this run: made, unless it is there."""
        of_it = f"name = '{name}' and run_id = '{run.info.run_id}'"
        versions = self._versions(of_it)
        if not versions:
            register(self._client, name, run.info.run_id, model_id)
            versions = self._versions(of_it)
        first, *others = versions
        for other in others:
            unless_gone(self._client.delete_model_version, name, other.version)
        return str(first.version)

    def remove(self, run: Any, *, but: str | None = None) -> None:
        """Delete the run's models and their versions. but: the id of one that stays."""
        models = [model for model in self._logged(run) if model.model_id != but]
        if not models:
            return
        for version in self._versions(f"run_id = '{run.info.run_id}'"):
            if version.source != f"{SOURCE}{but}":
                unless_gone(self._client.delete_model_version, version.name, version.version)
        for model in models:
            unless_gone(self._client.delete_logged_model, model.model_id)

    def _logged(self, run: Any) -> list[Any]:
        """The earliest first."""
        of_it = f"source_run_id = '{run.info.run_id}'"
        found = pages(
            self._client.search_logged_models, [run.info.experiment_id], of_it, max_results=PAGE_SIZE
        )
        return sorted(found, key=lambda model: (model.creation_timestamp, model.model_id))

    def _versions(self, filtered: str) -> list[Any]:
        """The lowest first."""
        found = pages(self._client.search_model_versions, filtered, max_results=PAGE_SIZE)
        return sorted(found, key=lambda version: int(version.version))
