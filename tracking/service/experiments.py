"""What there is to know about experiments."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from fleet.caller import Caller
from fleet.errors import NotFoundError
from fleet.paging import Page, PageRequest
from tracking.persistence.model.experiment import Experiment, Run, Wanted
from tracking.persistence.model.metrics import (
    ALL_STATISTICS,
    METRIC_NAMES,
    STATISTICS_NAMES,
    goodness,
    number,
)
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.deletion import Deletion, audited
from tracking.service.ports import Experiments, Lists
from tracking.service.statistics import describe
from tracking.utils.times import text

ALL = "all"
FINISHED = "FINISHED"
Statistics = dict[str, float | None]
LAST_OF_ALL = datetime.max.replace(tzinfo=UTC)


class NoRunsError(NotFoundError):
    """The experiment has no runs, or all of them are deleted."""

    def __init__(self, experiment_id: str) -> None:
        super().__init__(
            f"No runs found for experiment ID: {experiment_id}.",
            "Run an optimisation under this experiment's name, or use another experiment_id",
        )


class NoBestRunError(NotFoundError):
    """No run of the experiment has the metric that decides."""

    def __init__(self, experiment_id: str, metric: str, others: Sequence[str]) -> None:
        named = f" (its runs have {', '.join(others)})" if others else ""
        super().__init__(
            f"Best Run Not Found: no finished run of experiment {experiment_id} has the metric {metric}, "
            "as a number that is finite",
            f"Name another metric first in 'filter'{named}, or run an optimisation under this experiment's "
            "name",
        )


class ExperimentService:
    """Lists, describes, compares and deletes experiments.

    lists: where lists are read at the moment. units: opens a transaction.
    """

    def __init__(
        self, experiments: Experiments, lists: Callable[[], Lists], units: Callable[[], TrackingUnitOfWork]
    ) -> None:
        self._experiments = experiments
        self._lists = lists
        self._units = units

    def all(self) -> list[dict[str, Any]]:
        """Every experiment with its number of runs."""
        lists = self._lists()
        return _counted(lists, lists.experiments())

    def page(self, asked: PageRequest) -> Page[dict[str, Any]]:
        """A page of the same, the newest first. Raises InvalidPageTokenError."""
        lists = self._lists()
        found = lists.experiment_page(asked)
        return Page(_counted(lists, found.items), found.next_token)

    def general(self, experiment_id: str) -> dict[str, Any]:
        """Raises ExperimentNotFoundError, NoRunsError; so do the others."""
        experiment = self._experiments.experiment(experiment_id)
        return {
            "experiment_info": _experiment_info(experiment),
            "experiment_runs": _runs_info(self._runs(experiment, Wanted())),
        }

    def best_run(self, experiment_id: str, metrics: Sequence[str]) -> dict[str, Any]:
        """The finished run that is best by the first metric; the next break ties, then the earliest start.

        Raises NoBestRunError.
        """
        wanted = Wanted(["model_type"], METRIC_NAMES)
        runs = _finished(self._runs(self._experiments.experiment(experiment_id), wanted))
        candidates = [run for run in runs if number(run, metrics[0]) is not None]
        if not candidates:
            others = [name for name in METRIC_NAMES if any(number(run, name) is not None for run in runs)]
            raise NoBestRunError(experiment_id, metrics[0], others)
        candidates.sort(key=lambda run: run.started_at or LAST_OF_ALL)
        best = max(candidates, key=lambda run: [goodness(run, metric) for metric in metrics])
        return {
            "run_id": best.run_id,
            "run_name": best.name,
            "model": best.tags.get("model_type", "Unknown Model Type"),
            "metrics": {name: best.metrics[name] for name in metrics if number(best, name) is not None},
        }

    def statistics(self, experiment_id: str, metrics: Sequence[str] | None) -> dict[str, Statistics]:
        """Statistics by name, over the finished runs that have the metric as a finite number.

        metrics: None, or with "all" in it, means all that the runs have but the CPU usage.
        """
        names = ALL_STATISTICS if not metrics or ALL in metrics else metrics
        wanted = Wanted(metrics=names)
        runs = _finished(self._runs(self._experiments.experiment(experiment_id), wanted))
        values = {name: [value for run in runs if (value := number(run, name)) is not None] for name in names}
        return {STATISTICS_NAMES[name]: describe(found) for name, found in values.items() if found}

    def delete(self, experiment_id: str, *, caller: Caller) -> None:
        """Raises ExperimentNotFoundError."""
        found = self._experiments.experiment(experiment_id).experiment_id
        audited(
            self._units,
            partial(self._experiments.delete_experiment, found),
            Deletion("delete_experiment", "delete_experiment_in_doubt", found, caller),
        )

    def _runs(self, experiment: Experiment, wanted: Wanted) -> list[Run]:
        runs = self._lists().runs(experiment.experiment_id, wanted)
        if not runs:
            raise NoRunsError(experiment.experiment_id)
        return runs


def _counted(lists: Lists, found: Sequence[Experiment]) -> list[dict[str, Any]]:
    counts = lists.run_counts([experiment.experiment_id for experiment in found])
    return [
        {
            "experiment_id": experiment.experiment_id,
            "name": experiment.name,
            "lifecycle_stage": experiment.lifecycle_stage,
            "run_count": counts[experiment.experiment_id],
        }
        for experiment in found
    ]


def _experiment_info(experiment: Experiment) -> dict[str, Any]:
    return {
        "experiment_id": experiment.experiment_id,
        "experiment_name": experiment.name,
        "artifact_location": experiment.artifact_location,
        "lifecycle_stage": experiment.lifecycle_stage,
        "tags": dict(experiment.tags),
        "data_creation": text(experiment.created_at),
        "last_updated": text(experiment.updated_at),
    }


def _runs_info(runs: Sequence[Run]) -> dict[str, Any]:
    ended = [run.ended_at for run in runs if run.status == FINISHED and run.ended_at is not None]
    return {
        "number_of_runs": len(runs),
        "completed_runs": _count(runs, FINISHED),
        "failed_runs": _count(runs, "FAILED"),
        "active_runs": _count(runs, "RUNNING"),
        "stopped_runs": _count(runs, "KILLED"),  # MLflow's word for stopped
        "first_run_completed": text(min(ended, default=None)),
        "last_run_completed": text(max(ended, default=None)),
    }


def _finished(runs: Sequence[Run]) -> list[Run]:
    return [run for run in runs if run.status == FINISHED]


def _count(runs: Sequence[Run], status: str) -> int:
    return sum(run.status == status for run in runs)
