"""Reading and deleting experiments and runs."""

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from mlflow import MlflowClient

from fleet.errors import NotFoundError
from fleet.mlflow_client import pages
from fleet.paging import InvalidPageTokenError, Page, PageRequest, make_token, read_token
from tracking.persistence.model.experiment import Experiment, Run
from tracking.persistence.repository.mlflow_connection import (
    MlflowInDoubtError,
    MlflowUnavailableError,
    translated,
)

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
PAGE_SIZE = 500  # a larger page takes MLflow seconds
EXPERIMENT_ID = re.compile(r"[0-9]{1,10}", re.ASCII)
LARGEST_EXPERIMENT_ID = 2**31 - 1
RUN_ID = re.compile(r"[A-Za-z0-9][\w-]{0,249}", re.ASCII)
UNNAMED = "Unnamed Run"

T = TypeVar("T")


class ExperimentNotFoundError(NotFoundError):
    """There is no experiment of that id, or it is deleted."""

    def __init__(self, experiment_id: str) -> None:
        super().__init__(
            f"Experiment with ID {experiment_id} does not exist.",
            "Use an experiment_id that GET …/experiments lists",
        )


class RunNotFoundError(NotFoundError):
    """There is no run of that id, or it is deleted."""

    def __init__(self, run_id: str) -> None:
        super().__init__(
            f"Run with ID {run_id} does not exist.", "Use a run_id that GET …/runs?experiment_id= lists"
        )


class ExperimentStore:
    """Experiments and runs of one MLflow server; deleted ones do not exist here.

    timeout_s: that MLflow has for one answer. look_s: how long it is looked whether a deletion was done that
    MLflow did not answer. page_size: entries asked for at a time; every list is paged through to its end.
    """

    def __init__(
        self, client: MlflowClient, *, timeout_s: float = 5, look_s: float = 60, page_size: int = PAGE_SIZE
    ) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._look_s = look_s
        self._page_size = page_size

    def ping(self) -> None:
        """Raises MlflowUnavailableError unless MLflow and its database answer."""
        with translated():
            self._client.search_experiments(max_results=1)

    def experiments(self) -> list[Experiment]:
        """All experiments, the newest first."""
        with translated():
            found = pages(self._client.search_experiments, max_results=self._page_size)
            return [_experiment(each) for each in found]

    def experiment_page(self, asked: PageRequest) -> Page[Experiment]:
        """A page of them, the newest first. Raises InvalidPageTokenError."""
        return self._one_page("experiments", asked, self._client.search_experiments, _experiment)

    def experiment(self, experiment_id: str) -> Experiment:
        """Raises ExperimentNotFoundError."""
        missing = ExperimentNotFoundError(experiment_id)
        if not EXPERIMENT_ID.fullmatch(experiment_id) or int(experiment_id) > LARGEST_EXPERIMENT_ID:
            raise missing
        with translated(missing):
            found = _experiment(self._client.get_experiment(str(int(experiment_id))))
        if found.lifecycle_stage == "deleted":
            raise missing
        return found

    def delete_experiment(self, experiment_id: str) -> None:
        """Raises ExperimentNotFoundError, MlflowInDoubtError."""
        found = self.experiment(experiment_id)
        self._delete(
            partial(self._client.delete_experiment, found.experiment_id),
            look=partial(self.experiment, experiment_id),
            missing=ExperimentNotFoundError(experiment_id),
        )

    def run_counts(self, experiment_ids: Sequence[str]) -> Counter[str]:
        """Number of runs by experiment id. MLflow cannot count, so this reads the runs of all at once."""
        if not experiment_ids:
            return Counter()
        with translated():
            return Counter(found.info.experiment_id for found in self._search_runs(experiment_ids))

    def runs(self, experiment_id: str) -> list[Run]:
        """All runs of an experiment, the newest first."""
        with translated():
            return [_run(found) for found in self._search_runs([experiment_id])]

    def run_page(self, experiment_id: str, asked: PageRequest) -> Page[Run]:
        """A page of an experiment's runs, the newest first. Raises InvalidPageTokenError."""

        def search(**page: Any) -> Any:
            return self._client.search_runs([experiment_id], **page)

        return self._one_page(f"runs of {experiment_id}", asked, search, _run)

    def run(self, run_id: str) -> Run:
        """Raises RunNotFoundError."""
        missing = RunNotFoundError(run_id)
        if not RUN_ID.fullmatch(run_id):
            raise missing
        with translated(missing):
            found = self._client.get_run(run_id)
        if found.info.lifecycle_stage == "deleted":
            raise missing
        return _run(found)

    def delete_run(self, run_id: str) -> None:
        """Raises RunNotFoundError, MlflowInDoubtError."""
        self._delete(
            partial(self._client.delete_run, run_id),
            look=partial(self.run, run_id),
            missing=RunNotFoundError(run_id),
        )

    def _delete(
        self, delete: Callable[[], None], *, look: Callable[[], object], missing: NotFoundError
    ) -> None:
        """look: raises NotFoundError once it is done, which MLflow may take longer for than for an answer."""
        started = time.monotonic()
        try:
            with translated(missing):
                delete()
        except NotFoundError:
            # MLflow's client asks again after a time-out: then it was the first request that has deleted it.
            if time.monotonic() - started < self._timeout_s:
                raise
        except MlflowInDoubtError:
            if not self._is_gone(look, started + self._look_s):
                raise

    @staticmethod
    def _is_gone(look: Callable[[], object], until: float) -> bool:
        while True:
            try:
                look()
            except NotFoundError:
                return True
            except MlflowUnavailableError:
                log.warning("MLflow does not tell whether a deletion was done", exc_info=True)
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_EVERY_S)

    def _search_runs(self, experiment_ids: Sequence[str]) -> Iterator[Any]:
        ids = list(experiment_ids)
        return pages(self._client.search_runs, ids, max_results=self._page_size)

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


def _experiment(found: Any) -> Experiment:
    return Experiment(
        experiment_id=found.experiment_id,
        name=found.name,
        artifact_location=found.artifact_location,
        lifecycle_stage=found.lifecycle_stage,
        tags=dict(found.tags),
        created_at=_time(found.creation_time),
        updated_at=_time(found.last_update_time),
    )


def _run(found: Any) -> Run:
    return Run(
        run_id=found.info.run_id,
        experiment_id=found.info.experiment_id,
        name=found.info.run_name or UNNAMED,
        status=found.info.status,
        started_at=_time(found.info.start_time),
        ended_at=_time(found.info.end_time),
        tags=dict(found.data.tags),
        params=dict(found.data.params),
        metrics=dict(found.data.metrics),
    )


def _time(milliseconds: int | None) -> datetime | None:
    return None if not milliseconds else datetime.fromtimestamp(milliseconds / 1000, UTC)
