"""The registered model of a use case: its versions are winners of searches, its aliases say which counts.

It is called as the use case is. No model of the catalogue can be: those begin with a capital letter.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from mlflow import MlflowClient

from fleet.mlflow_client import pages
from tracking.persistence.repository.mlflow_connection import again_if_refused, translated
from tracking.persistence.repository.run_models import PAGE_SIZE, RunModels

CHALLENGER = "challenger"
CHAMPION = "champion"
CHALLENGED_TAG = "challenged_at"
DEPLOYMENT_TAG = "deployment_id"
DEPLOYED_TAG = "deployed_at"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class UseCaseModels:
    """Registered models of use cases in one MLflow server. Both raise MlflowUnavailableError."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client
        self._models = RunModels(client)

    def challenge(self, use_case: str, run_id: str) -> None:
        """The run's model is a challenger; the alias is of the newest, however many are made at once."""
        with translated():
            version = self._version(use_case, run_id)
            if version is None:
                return
            self._tag(use_case, version, CHALLENGED_TAG, _now())
            self._name_newest(use_case, CHALLENGER, self._newest_challenger)

    def crown(self, use_case: str, run_id: str, deployment_id: object) -> None:
        """The run's model is the champion: it was set just now. A run without a model changes nothing.

        Of several at once the last is it.
        """
        with translated():
            version = self._version(use_case, run_id)
            if version is None:
                return
            self._tag(use_case, version, DEPLOYMENT_TAG, deployment_id)
            before = max((moment for moment, _ in self._deployed(use_case)), default=LONG_AGO)
            now = max(datetime.now(UTC), before + timedelta(microseconds=1))  # another's clock may be ahead
            self._tag(use_case, version, DEPLOYED_TAG, now.isoformat(timespec="microseconds"))
            self._name_newest(use_case, CHAMPION, self._newest_champion)

    def _version(self, use_case: str, run_id: str) -> str | None:
        run = self._client.get_run(run_id)
        model_id = self._models.logged(run)
        return None if model_id is None else self._models.register_once(use_case, run, model_id)

    def _tag(self, use_case: str, version: str, tag: str, value: object) -> None:
        again_if_refused(self._client.set_model_version_tag, use_case, version, tag, value)

    def _name_newest(self, use_case: str, alias: str, find: Callable[[str], str]) -> None:
        newest, named = find(use_case), None
        while newest != named:  # looked at once more: another one may have come while it was named
            self._name(use_case, alias, newest)
            newest, named = find(use_case), newest

    def _name(self, use_case: str, alias: str, version: str) -> None:
        """The alias is of this version; another one may be given it for the first time at the same moment."""
        again_if_refused(self._client.set_registered_model_alias, use_case, alias, version)

    def _newest_challenger(self, use_case: str) -> str:
        of_it = f"name = '{use_case}' and tags.{CHALLENGED_TAG} LIKE '%'"
        found = self._client.search_model_versions(of_it, 1, ["version_number DESC"])
        return str(found[0].version)

    def _newest_champion(self, use_case: str) -> str:
        return str(max(self._deployed(use_case))[1])

    def _deployed(self, use_case: str) -> list[tuple[datetime, int]]:
        """Every version that was ever set: when, and its number."""
        of_it = f"name = '{use_case}' and tags.{DEPLOYED_TAG} LIKE '%'"
        found = pages(self._client.search_model_versions, of_it, max_results=PAGE_SIZE)
        return [(_moment(each.tags[DEPLOYED_TAG]), int(each.version)) for each in found]


def _moment(said: str) -> datetime:
    """As a tag says it, which people can change."""
    try:
        return datetime.fromisoformat(said).astimezone(UTC)
    except (ValueError, OverflowError):
        return LONG_AGO


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
