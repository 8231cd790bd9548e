"""`./launch.sh prune`: what is older than it is to be kept, in the dataset database and in MLflow."""

import json
from collections.abc import Callable

from client.fleet import Fleet

RunBesideMlflow = Callable[..., str]


def prune(fleet: Fleet, run: RunBesideMlflow, deleted_runs_days: int | None, *, dry_run: bool) -> list[str]:
    """What is due or, without dry_run, was deleted: for people, a line a kind; none if there is nothing.

    run: starts a program beside MLflow's server, whose REST interface has no way to it.
    deleted_runs_days: how long MLflow keeps what was deleted in it; None for good.
    """
    dataset, mlflow = fleet.simulator.prune(dry_run=dry_run), {"runs": 0, "experiments": 0}
    if deleted_runs_days is not None:
        options = [*(f"--keep={run_id}" for run_id in dataset.live_runs), *([] if dry_run else ["--delete"])]
        said = run("-m", "mlflow_server.prune", str(deleted_runs_days), *options)
        mlflow = json.loads(said.splitlines()[-1])
    counted = [
        (count, f"{each.use_case}: {what}")
        for each in dataset.use_cases
        for count, what in (
            (each.live_rows, "live rows, with their targets and predictions"),
            (each.results, "monitoring results"),
        )
    ]
    counted += [
        (dataset.answers, "answers to requests with an Idempotency-Key"),
        (mlflow["runs"], "deleted runs of MLflow, with their files"),
        (mlflow["experiments"], "deleted experiments of MLflow"),
    ]
    return [f"{count:>8}  {what}" for count, what in counted if count]
