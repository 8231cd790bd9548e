"""Reading and deleting experiments and runs."""

import logging
import re
import time
from collections.abc import Callable
from functools import partial

from mlflow import MlflowClient

from fleet.errors import NotFoundError
from tracking.persistence.model.experiment import Experiment, Run
from tracking.persistence.repository.mlflow_connection import (
    MlflowInDoubtError,
    MlflowUnavailableError,
    translated,
)
from tracking.persistence.repository.mlflow_entities import as_experiment, as_run

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
EXPERIMENT_ID = re.compile(r"[0-9]{1,10}", re.ASCII)
LARGEST_EXPERIMENT_ID = 2**31 - 1
RUN_ID = re.compile(r"[A-Za-z0-9][\w-]{0,249}", re.ASCII)


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
    """Single experiments and runs of one MLflow server; deleted ones do not exist here.

    timeout_s: that MLflow has for one answer. look_s: how long it is looked whether a deletion was done that
    MLflow did not answer.
    """

    def __init__(self, client: MlflowClient, *, timeout_s: float = 5, look_s: float = 60) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._look_s = look_s

    def ping(self) -> None:
        """Raises MlflowUnavailableError unless MLflow and its database answer."""
        with translated():
            self._client.search_experiments(max_results=1)

    def experiment(self, experiment_id: str) -> Experiment:
        """Raises ExperimentNotFoundError."""
        missing = ExperimentNotFoundError(experiment_id)
        if not EXPERIMENT_ID.fullmatch(experiment_id) or int(experiment_id) > LARGEST_EXPERIMENT_ID:
            raise missing
        with translated(missing):
            found = as_experiment(self._client.get_experiment(str(int(experiment_id))))
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

    def run(self, run_id: str) -> Run:
        """Raises RunNotFoundError."""
        missing = RunNotFoundError(run_id)
        if not RUN_ID.fullmatch(run_id):
            raise missing
        with translated(missing):
            found = self._client.get_run(run_id)
        if found.info.lifecycle_stage == "deleted":
            raise missing
        return as_run(found)

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
