"""tracking's experiments and their runs."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Literal, TypeVar

from client import answers
from client.answers import BestRun, Search
from client.connection import PAGE_SIZE, Connection

__all__ = ["BestRun", "Experiments", "MetricName", "Search"]

MetricName = Literal[
    "model_accuracy",
    "model_f1_score",
    "model_precision",
    "model_recall",
    "model_mae",
    "model_rmse",
    "model_r2",
    "model_max_error",
    "system_cpu_usage",
    "system_execution_time",
]
D = TypeVar("D")


class Experiments:
    """The part of `fleet.tracking` that is about what was searched. Unknown ones are NotFoundError.

    page_size: entries asked for at a time. Where tracking has to ask MLflow, pages are counted by position:
    read a list to its end before you delete what is in it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def experiments(self, *, page_size: int = PAGE_SIZE) -> Iterator[answers.ListedExperiment]:
        """Every experiment."""
        for page in self._connection.pages(answers.Experiments, "/experiments", page_size):
            yield from page.data

    def experiment(self, experiment_id: str) -> answers.General:
        """An experiment, and how its runs went."""
        return self._experiment(answers.Experiment[answers.General], experiment_id, "general").data

    def best_run(self, experiment_id: str, metrics: Sequence[MetricName]) -> BestRun:
        """The best run by the first metric; the next break ties. Of errors and `system_*` less is better."""
        return self._experiment(answers.Experiment[BestRun], experiment_id, "best_model", metrics).data

    def statistics(
        self, experiment_id: str, metrics: Collection[MetricName | Literal["all"]] | None = None
    ) -> dict[str, answers.Statistics]:
        """Statistics over the runs, by the metric's short name: of these metrics, or of all but cpu_usage.

        duration is in seconds, cpu_usage in percent of one core. accuracy, f1_score, precision and recall are
        between 0 and 1, mae, rmse and max_error in units of the target, r2 is 1 at best.
        """
        model = answers.Experiment[dict[str, answers.Statistics]]
        return self._experiment(model, experiment_id, "statistics", metrics).data

    def delete_experiment(self, experiment_id: str) -> None:
        """Deletes an experiment; its name stays taken."""
        self._connection.delete(answers.Deleted, "/experiments", experiment_id=experiment_id)

    def runs(self, experiment_id: str, *, page_size: int = PAGE_SIZE) -> Iterator[answers.ListedRun]:
        """The experiment's runs, the newest first."""
        pages = self._connection.pages(answers.Runs, "/runs", page_size, experiment_id=experiment_id)
        for page in pages:
            yield from page.data

    def leaderboard(
        self, *, use_case: str | None = None, metric: MetricName | None = None, limit: int | None = None
    ) -> answers.RankedRuns:
        """The best finished runs of a use case, over all experiments, by the task's headline if not told."""
        query = {"use_case": use_case, "metric": metric, "limit": limit}
        return self._connection.get(answers.Leaderboard, "/leaderboard", **query).data

    def compare(self, first_run_id: str, second_run_id: str) -> answers.Compared:
        """Two runs beside each other: what differs of their parameters, and all their metrics."""
        runs = [first_run_id, second_run_id]
        return self._connection.get(answers.Comparison, "/compare", run_id=runs).data

    def parameters(
        self, experiment_id: str, run_id: str, kind: Literal["data", "grid_search", "model"]
    ) -> dict[str, str]:
        """A run's parameters, as texts, without the kind before their names."""
        return self._run(answers.Run[dict[str, str]], experiment_id, run_id, "parameters", kind).data

    def metrics(
        self, experiment_id: str, run_id: str, kind: Literal["system", "model"]
    ) -> dict[str, float | None]:
        """A run's metrics; None where a value is no number. Units as in `statistics`."""
        return self._run(answers.Run[dict[str, float | None]], experiment_id, run_id, "metrics", kind).data

    def delete_run(self, experiment_id: str, run_id: str) -> None:
        """Deletes a run."""
        self._connection.delete(answers.Deleted, "/runs", experiment_id=experiment_id, run_id=run_id)

    def _experiment(
        self,
        model: type[answers.Experiment[D]],
        experiment_id: str,
        asked: str,
        metrics: Collection[str] | None = None,
    ) -> answers.Experiment[D]:
        wanted = None if metrics is None else list(metrics)
        body: dict[str, Any] = {"experiment_id": experiment_id, "request_information": asked}
        return self._connection.post(model, "/experiments", filter=wanted, **body)

    def _run(
        self, model: type[answers.Run[D]], experiment_id: str, run_id: str, asked: str, kind: str
    ) -> answers.Run[D]:
        body = {"run_id": run_id, "request_information": asked, "type": kind}
        return self._connection.post(model, "/runs", experiment_id=experiment_id, **body)
