"""Two small searches, made once, that the tests of their recording share."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from tests.searches import searches_in
from tracking.persistence.model.search import SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.search_log import Drawn, RecordedSearches

GRIDS: Mapping[str, Any] = {"LogisticRegression": {"C": [0.1, 1.0]}, "SVC": {"C": [1, 10], "kernel": ["rbf"]}}
REQUEST = SearchRequest([*GRIDS], GRIDS, "accuracy", 2, "standard_scaler")
ROWS = TrainingSet(
    "wine",
    ("x", "y"),
    np.arange(24.0).reshape(12, 2),
    np.repeat([0, 1, 2], 4),
    snapshot_id=7,
    snapshot_digest="0123456789abcdef" * 4,
)


@cache
def _searches() -> list[SavedSearch]:
    return searches_in(Path(mkdtemp(prefix="searched-")), REQUEST, ROWS)


def searches(folder: Path) -> list[SavedSearch]:
    """Copies of the two in that folder: to be recorded, their models are written into."""
    copied = []
    for search in _searches():
        to = folder / search.model_name
        shutil.copytree(search.folder, to)
        copied.append(replace(search, folder=to))
    return copied


def no_pictures(search: SavedSearch, request: SearchRequest, training: TrainingSet) -> Drawn:
    """Draws nothing."""
    del search, request, training
    return Drawn({}, {})


def lost(client: MlflowClient, monkeypatch: pytest.MonkeyPatch, method: str, *, call: int) -> None:
    """Let this call (numbered from 1) of the client's method be done, and have no answer."""
    real = getattr(client, method)
    count = 0

    def lose(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        is_lost = count == call
        answer = real(*args, **kwargs)
        if not is_lost:
            return answer
        raise MlflowException("the connection was lost")

    monkeypatch.setattr(client, method, lose)


def versions(client: MlflowClient, run_id: str) -> list[tuple[str, str]]:
    return [(each.name, each.source) for each in client.search_model_versions(f"run_id = '{run_id}'")]


def check_whole(client: MlflowClient, recorded: RecordedSearches, found: list[SavedSearch]) -> None:
    """Every search is in MLflow, once, and nothing else is."""
    runs = client.search_runs([recorded.experiment_id], run_view_type=ViewType.ACTIVE_ONLY)
    assert {run.info.run_id for run in runs} == set(recorded.run_ids.values())
    models = client.search_logged_models([recorded.experiment_id])
    assert {(model.source_run_id, str(model.status)) for model in models} == {
        (run_id, "READY") for run_id in recorded.run_ids.values()
    }
    assert len(models) == len(found)
    for search in found:
        run = client.get_run(recorded.run_ids[search.model_name])
        assert run.info.status == "FINISHED"
        (model,) = [each for each in models if each.source_run_id == run.info.run_id]
        assert versions(client, run.info.run_id) == [(search.model_name, f"models:/{model.model_id}")]
        assert json.loads(run.data.tags["hyperparameters"]) == search.hyperparameters
        assert run.data.params["model_C"] == str(search.hyperparameters["C"])
        assert run.data.metrics["model_accuracy"] == search.metrics["accuracy"]
        assert len(client.get_metric_history(run.info.run_id, "system_execution_time")) == 1
        assert len(run.inputs.dataset_inputs) == 1
