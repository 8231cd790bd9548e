"""Deletes for good what was deleted in MLflow long ago: `python -m mlflow_server.prune DAYS --delete`.

`mlflow gc` does so too, but can neither say beforehand what will go nor leave single runs out. Like it, this
needs MLflow's database, and its server for the artifacts. Prints JSON: how many runs and experiments.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.entities import Experiment, ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from mlflow_server.start import PASSWORDS

DAY_MS = 24 * 60 * 60 * 1000
SERVER = "http://127.0.0.1:5000"
PAGE_SIZE = 500


@dataclass(frozen=True)
class Doomed:
    """Ids of what was deleted long ago."""

    runs: list[str]
    experiments: list[str]


def find(store: Any, days: int, keep: Collection[str]) -> Doomed:
    """What was deleted that many days ago. keep: runs that stay, and with them their experiments."""
    age_ms = days * DAY_MS
    runs = [run_id for run_id in store._get_deleted_runs(older_than=age_ms) if run_id not in keep]  # noqa: SLF001
    limit_ms = time.time() * 1000 - age_ms
    experiments = [
        each.experiment_id
        for each in _deleted_experiments(store)
        if (each.last_update_time or limit_ms) < limit_ms
        and set(_runs(store, each.experiment_id)) <= set(runs)
    ]
    return Doomed(runs, experiments)


def delete(store: Any, doomed: Doomed) -> None:
    """One after the other, artifacts first: what is interrupted is found again the next time."""
    for run_id in doomed.runs:
        get_artifact_repository(store.get_run(run_id).info.artifact_uri).delete_artifacts()
        store._hard_delete_run(run_id)  # noqa: SLF001  # as `mlflow gc` does; there is no public way
    for experiment_id in doomed.experiments:
        store._hard_delete_experiment(experiment_id)  # noqa: SLF001


def _deleted_experiments(store: Any) -> Iterator[Experiment]:
    token = None
    while True:
        page = store.search_experiments(
            view_type=ViewType.DELETED_ONLY, max_results=PAGE_SIZE, page_token=token
        )
        yield from page
        token = page.token
        if not token:
            return


def _runs(store: Any, experiment_id: str) -> Iterator[str]:
    token = None
    while True:
        page = store.search_runs([experiment_id], "", ViewType.ALL, max_results=PAGE_SIZE, page_token=token)
        yield from (run.info.run_id for run in page)
        token = page.token
        if not token:
            return


def main() -> int:
    """Print what is due, or was deleted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("days", type=int)
    parser.add_argument("--delete", action="store_true")
    parser.add_argument("--keep", action="append", default=[])
    asked = parser.parse_args()
    if PASSWORDS.exists():
        os.environ.setdefault("PGPASSFILE", str(PASSWORDS))
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI", SERVER))
    store = SqlAlchemyStore(os.environ["MLFLOW_BACKEND_STORE_URI"], "mlflow-artifacts:/")
    doomed = find(store, asked.days, asked.keep)
    if asked.delete:
        delete(store, doomed)
    print(json.dumps({"runs": len(doomed.runs), "experiments": len(doomed.experiments)}))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
