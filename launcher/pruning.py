"""`./launch.sh prune`: what is older than it is to be kept, in the dataset database and in MLflow."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from client.fleet import Fleet
from client.simulator import Pruned

RunBesideMlflow = Callable[..., str]


@dataclass(frozen=True)
class DeletedInMlflow:
    """What somebody deleted in MLflow, and MLflow still holds."""

    runs: int = 0
    experiments: int = 0


@dataclass(frozen=True)
class Finding:
    """What is due, or was deleted."""

    dataset: Pruned
    mlflow: DeletedInMlflow

    def lines(self) -> list[str]:
        """For people, one a kind; none if there is nothing."""
        counted = [
            (count, f"{each.use_case}: {what}")
            for each in self.dataset.use_cases
            for count, what in (
                (each.live_rows, "live rows, with their targets and predictions"),
                (each.results, "monitoring results"),
            )
        ]
        counted += [
            (self.dataset.answers, "answers to requests with an Idempotency-Key"),
            (self.mlflow.runs, "deleted runs of MLflow, with their files"),
            (self.mlflow.experiments, "deleted experiments of MLflow"),
        ]
        return [f"{count:>8}  {what}" for count, what in counted if count]


class Pruning:
    """Asks the simulator, and MLflow by a program beside its server: its REST interface has no way to it.

    deleted_runs_days: how long MLflow keeps what was deleted in it; None for good.
    """

    def __init__(self, fleet: Fleet, run: RunBesideMlflow, deleted_runs_days: int | None) -> None:
        self._fleet = fleet
        self._run = run
        self._days = deleted_runs_days

    def find(self) -> Finding:
        """What is due. Changes nothing."""
        return self._prune(dry_run=True)

    def delete(self) -> Finding:
        """Deletes what is due by now; returns what that was."""
        return self._prune(dry_run=False)

    def _prune(self, *, dry_run: bool) -> Finding:
        dataset = self._fleet.simulator.prune(dry_run=dry_run)
        if self._days is None:
            return Finding(dataset, DeletedInMlflow())
        keep = [f"--keep={run_id}" for run_id in dataset.live_runs]
        options = [*keep, *([] if dry_run else ["--delete"])]
        said = self._run("-m", "mlflow_server.prune", str(self._days), *options)
        return Finding(dataset, DeletedInMlflow(**json.loads(said.splitlines()[-1])))
