"""tracking: searches hyperparameters, and keeps experiments and runs in MLflow."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Generic, Literal, TypeVar

from client.answer import Answer
from client.connection import PAGE_SIZE, Connection
from client.deployments import Preprocessing
from client.experiments import (
    BestRun,
    Experiment,
    ExperimentDetails,
    ExperimentPage,
    MetricName,
    Run,
    RunPage,
    Search,
    Statistics,
)
from client.ml_model import ModelSet

D = TypeVar("D")


class Data(Answer, Generic[D]):
    """What tracking wraps its answers in."""

    message: str
    data: D


class Done(Answer):
    """It was done, in words."""

    message: str


class Tracking:
    """`fleet.tracking`. Unknown experiments and runs are NotFoundError.

    idempotency_key: a call that is made again with the same key is done once, and answered the same.
    MLflow counts its pages by position: read a list to its end before you delete what is in it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def optimise(  # noqa: PLR0913  # the fields of the request
        self,
        models: Sequence[str],
        hyperparameters: Mapping[str, Mapping[str, Sequence[Any]]],
        *,
        experiment_name: str,
        scoring: str | None = None,
        cv: int | None = None,
        preprocessing: Preprocessing | None = None,
        experiment_description: str | None = None,
        experiment_owner: str | None = None,
        snapshot_id: int | None = None,
        use_case: str | None = None,
        idempotency_key: str | None = None,
    ) -> Search:
        """Searches each model's grid by cross-validation in `cv` folds, and keeps one run a model.

        hyperparameters: for each model, the values to try of each of its estimator's parameters.
        snapshot_id: the rows to search on, instead of the training set as it is.
        Raises ConflictError if the name is that of a deleted experiment.
        """
        body = {
            "request_information": "optimization",
            "models": models,
            "hyperparameters": hyperparameters,
            "experiment_name": experiment_name,
            "scoring": scoring,
            "cv": cv,
            "preprocessing": preprocessing,
            "experiment_description": experiment_description,
            "experiment_owner": experiment_owner,
            "snapshot_id": snapshot_id,
            "use_case": use_case,
        }
        return self._connection.ask(
            Data[Search], "POST", "/model_management", body=body, idempotency_key=idempotency_key
        ).data

    def set_model(
        self, run_id: str, *, use_case: str | None = None, idempotency_key: str | None = None
    ) -> ModelSet:
        """Hands the run's model to ml_model. use_case: of a run that does not say its own."""
        body = {"request_information": "setting", "run_id": run_id, "use_case": use_case}
        return self._connection.ask(
            ModelSet, "POST", "/model_management", body=body, idempotency_key=idempotency_key
        )

    def experiments(self, *, page_size: int = PAGE_SIZE) -> Iterator[Experiment]:
        """Every experiment. page_size: experiments asked for at a time."""
        for page in self._connection.pages(ExperimentPage, "/experiments", query={"limit": page_size}):
            yield from page.data

    def experiment(self, experiment_id: str) -> ExperimentDetails:
        """An experiment, and how its runs went."""
        return self._ask_experiment(Data[ExperimentDetails], experiment_id, "general").data

    def best_run(self, experiment_id: str, metrics: Sequence[MetricName]) -> BestRun:
        """The best run by the first metric; the next break ties. Of errors and `system_*` less is better."""
        return self._ask_experiment(Data[BestRun], experiment_id, "best_model", metrics).data

    def statistics(
        self, experiment_id: str, metrics: Collection[MetricName | Literal["all"]] | None = None
    ) -> dict[str, Statistics]:
        """Statistics over the runs, by the metric's short name: of these metrics, or of all but cpu_usage.

        duration is in seconds, cpu_usage in percent of one core. accuracy, f1_score, precision and recall are
        between 0 and 1, mae, rmse and max_error in units of the target, r2 is 1 at best.
        """
        return self._ask_experiment(Data[dict[str, Statistics]], experiment_id, "statistics", metrics).data

    def delete_experiment(self, experiment_id: str) -> None:
        """Deletes an experiment; its name stays taken."""
        self._connection.ask(Done, "DELETE", "/experiments", query={"experiment_id": experiment_id})

    def runs(self, experiment_id: str, *, page_size: int = PAGE_SIZE) -> Iterator[Run]:
        """The experiment's runs, the newest first. page_size: runs asked for at a time."""
        query = {"experiment_id": experiment_id, "limit": page_size}
        for page in self._connection.pages(RunPage, "/runs", query=query):
            yield from page.data

    def parameters(
        self, experiment_id: str, run_id: str, kind: Literal["data", "grid_search", "model"]
    ) -> dict[str, str]:
        """A run's parameters, as texts, without the kind before their names."""
        return self._ask_run(Data[dict[str, str]], experiment_id, run_id, "parameters", kind).data

    def metrics(
        self, experiment_id: str, run_id: str, kind: Literal["system", "model"]
    ) -> dict[str, float | None]:
        """A run's metrics; None where a value is no number. Units as in `statistics`."""
        return self._ask_run(Data[dict[str, float | None]], experiment_id, run_id, "metrics", kind).data

    def delete_run(self, experiment_id: str, run_id: str) -> None:
        """Deletes a run."""
        query = {"experiment_id": experiment_id, "run_id": run_id}
        self._connection.ask(Done, "DELETE", "/runs", query=query)

    def _ask_experiment(
        self,
        model: type[Data[D]],
        experiment_id: str,
        asked: str,
        metrics: Collection[str] | None = None,
    ) -> Data[D]:
        wanted = None if metrics is None else list(metrics)
        body = {"experiment_id": experiment_id, "request_information": asked, "filter": wanted}
        return self._connection.ask(model, "POST", "/experiments", body=body)

    def _ask_run(
        self, model: type[Data[D]], experiment_id: str, run_id: str, asked: str, kind: str
    ) -> Data[D]:
        run = {"experiment_id": experiment_id, "run_id": run_id}
        return self._connection.ask(
            model, "POST", "/runs", body={**run, "request_information": asked, "type": kind}
        )
