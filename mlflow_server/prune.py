"""Deletes for good what was deleted in MLflow long ago: `python -m mlflow_server.prune DAYS --delete`.

`mlflow gc` does so too, but can neither say beforehand what will go nor leave single runs out, and it breaks
registered models: their files stay without anything that finds them. Like it, this needs MLflow's database,
and its server for the artifacts. Prints JSON: how many runs and experiments.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import mlflow
from mlflow.entities import ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from mlflow_server.start import PASSWORDS

DAY_MS = 24 * 60 * 60 * 1000
SERVER = "http://127.0.0.1:5000"
PAGE_SIZE = 500
MODELS = "models:/"  # begins the source of a version


@dataclass(frozen=True)
class Doomed:
    """Ids of what was deleted long ago."""

    runs: list[str]
    experiments: list[str]


def find(store: Any, days: int, *, keep: Collection[str], registered: Collection[str]) -> Doomed:
    """What was deleted that many days ago.

    keep: runs that stay, and with them their experiments. registered: models that stay, as do theirs.
    """
    age_ms = days * DAY_MS
    runs = [run_id for run_id in store._get_deleted_runs(older_than=age_ms) if run_id not in keep]  # noqa: SLF001
    limit_ms = time.time() * 1000 - age_ms
    experiments = [
        each.experiment_id
        for each in _pages(store.search_experiments, view_type=ViewType.DELETED_ONLY)
        if (each.last_update_time or limit_ms) < limit_ms
        and {run.info.run_id for run in _runs(store, each.experiment_id)} <= set(runs)
        and not {model.model_id for model in _models(store, each.experiment_id)} & set(registered)
    ]
    return Doomed(runs, experiments)


def delete(store: Any, doomed: Doomed) -> None:
    """One after the other, artifacts first: what is interrupted is found again the next time."""
    for run_id in doomed.runs:
        get_artifact_repository(store.get_run(run_id).info.artifact_uri).delete_artifacts()
        store._hard_delete_run(run_id)  # noqa: SLF001  # as `mlflow gc` does; there is no public way
    for experiment_id in doomed.experiments:
        for model in _models(store, experiment_id):
            get_artifact_repository(model.artifact_location).delete_artifacts()
        store._hard_delete_experiment(experiment_id)  # noqa: SLF001


def _registered_models() -> set[str]:
    """Ids of the models that the registry has versions of, which would break with their experiment."""
    versions = _pages(mlflow.MlflowClient().search_model_versions)
    return {version.source.removeprefix(MODELS) for version in versions}


def _runs(store: Any, experiment_id: str) -> Iterator[Any]:
    return _pages(
        store.search_runs, experiment_ids=[experiment_id], filter_string="", run_view_type=ViewType.ALL
    )


def _models(store: Any, experiment_id: str) -> Iterator[Any]:
    return _pages(store.search_logged_models, experiment_ids=[experiment_id])


def _pages(search: Callable[..., Any], **arguments: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(**arguments, max_results=PAGE_SIZE, page_token=token)
        yield from page
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
    doomed = find(store, asked.days, keep=asked.keep, registered=_registered_models())
    if asked.delete:
        delete(store, doomed)
    print(json.dumps({"runs": len(doomed.runs), "experiments": len(doomed.experiments)}))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
