"""Lists of experiments and runs, by MLflow's client: with any MLflow, and slow where there are many runs."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from mlflow import MlflowClient

from fleet.mlflow_client import pages
from fleet.paging import InvalidPageTokenError, Page, PageRequest, make_token, read_token
from tracking.persistence.model.experiment import Experiment, Run, Wanted
from tracking.persistence.model.metrics import goodness, number
from tracking.persistence.repository.mlflow_connection import translated
from tracking.persistence.repository.mlflow_entities import as_experiment, as_run

FIRST = datetime.min.replace(tzinfo=UTC)  # in the place of a time that is not known

PAGE_SIZE = 500  # a larger page takes MLflow seconds
T = TypeVar("T")
V = TypeVar("V")


class MlflowLists:
    """Lists of one MLflow server, each paged through to its end. page_size: entries asked for at a time."""

    def __init__(self, client: MlflowClient, *, page_size: int = PAGE_SIZE) -> None:
        self._client = client
        self._every = partial(pages, max_results=page_size)

    def experiments(self) -> list[Experiment]:
        """All experiments, the newest first."""
        with translated():
            return [as_experiment(found) for found in self._every(self._client.search_experiments)]

    def experiment_page(self, asked: PageRequest) -> Page[Experiment]:
        """A page of them, the newest first. Raises InvalidPageTokenError."""
        return self._one_page("experiments", asked, self._client.search_experiments, as_experiment)

    def run_counts(self, experiment_ids: Sequence[str]) -> Counter[str]:
        """Number of runs by experiment id. MLflow cannot count, so this reads the runs of all at once."""
        if not experiment_ids:
            return Counter()
        with translated():
            runs = self._every(self._client.search_runs, experiment_ids=list(experiment_ids))
            return Counter(found.info.experiment_id for found in runs)

    def runs(self, experiment_id: str, wanted: Wanted) -> list[Run]:
        """All runs of an experiment, the newest first, with what is wanted of each."""
        with translated():
            found = self._every(self._client.search_runs, experiment_ids=[experiment_id])
            return [_only(as_run(each), wanted) for each in found]

    def run_page(self, experiment_id: str, asked: PageRequest, wanted: Wanted) -> Page[Run]:
        """A page of an experiment's runs, the newest first. Raises InvalidPageTokenError."""

        def search(**page: Any) -> Any:
            return self._client.search_runs([experiment_id], **page)

        def make(found: Any) -> Run:
            return _only(as_run(found), wanted)

        return self._one_page(f"runs of {experiment_id}", asked, search, make)

    def best_runs(self, use_case: str, metric: str, limit: int, wanted: Wanted) -> list[Run]:
        """The best finished runs of a use case, of whatever experiment; of equal ones the earliest first."""
        of_it = f"tags.use_case = '{use_case}' and attributes.status = 'FINISHED'"
        with translated():
            ids = [each.experiment_id for each in self._every(self._client.search_experiments)]
            found = self._every(self._client.search_runs, experiment_ids=ids, filter_string=of_it)
            ranked = [run for run in map(as_run, found) if number(run, metric) is not None]
        ranked.sort(key=lambda run: (-goodness(run, metric), run.started_at or FIRST, run.run_id))
        return [_only(run, wanted) for run in ranked[:limit]]

    def _one_page(
        self, name: str, asked: PageRequest, search: Callable[..., Any], make: Callable[[Any], T]
    ) -> Page[T]:
        """MLflow's page. Our token is MLflow's with the name of the list, so that it fits no other one."""
        with translated(invalid=InvalidPageTokenError() if asked.token else None):
            found = search(max_results=asked.limit, page_token=_mlflow_token(name, asked.token))
        token = make_token([name, found.token]) if found.token else None
        return Page([make(each) for each in found], token)


def _mlflow_token(name: str, token: str | None) -> str | None:
    if token is None:
        return None
    of, inner = read_token(token, [str, str])
    if of != name:
        raise InvalidPageTokenError
    return str(inner)


def _only(run: Run, wanted: Wanted) -> Run:
    return replace(
        run, params={}, tags=_those(run.tags, wanted.tags), metrics=_those(run.metrics, wanted.metrics)
    )


def _those(values: Mapping[str, V], names: Collection[str]) -> dict[str, V]:
    return {name: value for name, value in values.items() if name in names}
