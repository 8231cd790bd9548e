"""How runs compare, of whatever experiment."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tracking.persistence.model.experiment import Run, Wanted
from tracking.persistence.model.metrics import METRIC_NAMES, finite
from tracking.persistence.repository.run_contents import CLASS_PREFIX
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.ports import Experiments, Lists
from tracking.utils.times import text

HEADLINE: Mapping[str, str] = {"classification": "model_accuracy", "regression": "model_mae"}
UNKNOWN_MODEL = "Unknown Model Type"
PARAMETERS = ("model_", "data_", "grid_search_")

V = TypeVar("V")


class ComparisonService:
    """Ranks and compares runs. lists: where lists are read at the moment. units: opens a transaction."""

    def __init__(
        self, experiments: Experiments, lists: Callable[[], Lists], units: Callable[[], TrackingUnitOfWork]
    ) -> None:
        self._experiments = experiments
        self._lists = lists
        self._units = units

    def leaderboard(self, use_case: str, metric: str | None, limit: int) -> dict[str, Any]:
        """The best finished runs of a use case, over all experiments; of equal ones the earliest first.

        metric: None for accuracy, or the mean absolute error of a regression. Raises UnknownUseCaseError.
        """
        with self._units() as work:
            task = work.training_sets.find(use_case).task.value
        decides = metric or HEADLINE[task]
        best = self._lists().best_runs(use_case, decides, limit, Wanted(["model_type"], METRIC_NAMES))
        return {
            "metric": decides,
            "runs": [{"rank": rank, **_named(run)} for rank, run in enumerate(best, start=1)],
        }

    def compare(self, first_id: str, second_id: str) -> dict[str, Any]:
        """Two runs: the parameters in which they differ, their metrics, and those of each class.

        Raises RunNotFoundError.
        """
        compared = (self._experiments.run(first_id), self._experiments.run(second_id))
        params = _side_by_side(*(_parameters(run) for run in compared))
        metrics = _side_by_side(*(_numbers(run) for run in compared))
        return {
            "runs": [_named(run) for run in compared],
            "params": {name: values for name, values in params.items() if values[0] != values[1]},
            "metrics": {
                name: values for name, values in metrics.items() if not name.startswith(CLASS_PREFIX)
            },
            "per_class": _per_class(metrics),
        }


def _named(run: Run) -> dict[str, Any]:
    metrics = {name: value for name, value in _numbers(run).items() if name in METRIC_NAMES}
    return {
        "run_id": run.run_id,
        "run_name": run.name,
        "experiment_id": run.experiment_id,
        "model": run.tags.get("model_type", UNKNOWN_MODEL),
        "end_time": text(run.ended_at),
        "metrics": metrics,
    }


def _parameters(run: Run) -> dict[str, str]:
    return {name: value for name, value in run.params.items() if name.startswith(PARAMETERS)}


def _numbers(run: Run) -> dict[str, float | None]:
    return {name: finite(value) for name, value in run.metrics.items()}


def _side_by_side(first: Mapping[str, V], second: Mapping[str, V]) -> dict[str, list[V | None]]:
    """By name, in both; None where one has none of it."""
    return {name: [first.get(name), second.get(name)] for name in sorted({*first, *second})}


def _per_class(metrics: Mapping[str, list[float | None]]) -> dict[str, dict[str, list[float | None]]]:
    by_class: dict[str, dict[str, list[float | None]]] = {}
    for name, values in metrics.items():
        if name.startswith(CLASS_PREFIX):
            of, _, what = name.removeprefix(CLASS_PREFIX).partition("_")
            by_class.setdefault(of, {})[what] = values
    return by_class
