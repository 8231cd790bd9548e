"""What there is to know about the runs of an experiment."""

from collections.abc import Callable
from functools import partial
from typing import Any

from fleet.caller import Caller
from fleet.errors import NotFoundError
from fleet.paging import Page, PageRequest
from tracking.persistence.model.experiment import Run, Wanted
from tracking.persistence.model.metrics import finite
from tracking.persistence.repository.run_contents import prefixed
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.deletion import Deletion, audited
from tracking.service.experiments import NoRunsError
from tracking.service.ports import Experiments, Lists
from tracking.utils.times import text

UNKNOWN = "Unknown"
SUMMARISED = Wanted(tags=("model_type", "experiment_type"))


class RunOfAnotherExperimentError(NotFoundError):
    """The experiment has no such run."""

    def __init__(self, run_id: str, experiment_id: str) -> None:
        super().__init__(
            f"Experiment {experiment_id} has no run with ID {run_id}.",
            "Use a run_id that GET …/runs?experiment_id= lists",
        )


class RunService:
    """Lists, describes and deletes runs.

    lists: where lists are read at the moment. units: opens a transaction.
    """

    def __init__(
        self, experiments: Experiments, lists: Callable[[], Lists], units: Callable[[], TrackingUnitOfWork]
    ) -> None:
        self._experiments = experiments
        self._lists = lists
        self._units = units

    def all(self, experiment_id: str) -> list[dict[str, Any]]:
        """Every run of the experiment, the newest first. Raises ExperimentNotFoundError, NoRunsError."""
        experiment = self._experiments.experiment(experiment_id)
        runs = self._lists().runs(experiment.experiment_id, SUMMARISED)
        if not runs:
            raise NoRunsError(experiment_id)
        return [_summary(run) for run in runs]

    def page(self, experiment_id: str, asked: PageRequest) -> Page[dict[str, Any]]:
        """A page of the same. Raises InvalidPageTokenError too."""
        experiment = self._experiments.experiment(experiment_id)
        found = self._lists().run_page(experiment.experiment_id, asked, SUMMARISED)
        if not found.items and asked.token is None:
            raise NoRunsError(experiment_id)
        return Page([_summary(run) for run in found.items], found.next_token)

    def parameters(self, experiment_id: str, run_id: str, kind: str) -> dict[str, str]:
        """Parameters `<kind>_*` without that prefix. Raises ExperimentNotFoundError, RunNotFoundError, …"""
        return prefixed(self._run(experiment_id, run_id).params, f"{kind}_")

    def metrics(self, experiment_id: str, run_id: str, kind: str) -> dict[str, float | None]:
        """Metrics `<kind>_*` without that prefix; null where the value is no number."""
        values = prefixed(self._run(experiment_id, run_id).metrics, f"{kind}_")
        return {name: finite(value) for name, value in values.items()}

    def delete(self, experiment_id: str, run_id: str, *, caller: Caller) -> None:
        """Raises ExperimentNotFoundError, RunNotFoundError, RunOfAnotherExperimentError."""
        run = self._run(experiment_id, run_id)
        audited(
            self._units,
            partial(self._experiments.delete_run, run.run_id),
            Deletion("delete_run", "delete_run_in_doubt", run.run_id, caller, run.tags.get("use_case")),
        )

    def _run(self, experiment_id: str, run_id: str) -> Run:
        experiment = self._experiments.experiment(experiment_id)
        run = self._experiments.run(run_id)
        if run.experiment_id != experiment.experiment_id:
            raise RunOfAnotherExperimentError(run_id, experiment_id)
        return run


def _summary(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "status": run.status,
        "start_time": text(run.started_at),
        "end_time": text(run.ended_at),
        "run_name": run.name,
        "tags": {name: run.tags.get(name, UNKNOWN) for name in SUMMARISED.tags},
    }
