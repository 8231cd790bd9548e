"""Searches without a service around them."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mlflow.sklearn
import numpy as np
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from fleet.errors import FleetError
from tracking.persistence.model.engine import Engine
from tracking.persistence.model.search import (
    Budget,
    FitKey,
    FitResult,
    Method,
    SavedSearch,
    SearchRequest,
    TrainingSet,
)
from tracking.persistence.repository.studies import Studies
from tracking.service.processes import LocalProcesses
from tracking.service.searching import search_models


@dataclass
class FitsInMemory:
    """Finished fits, and how often each was added."""

    known: dict[FitKey, FitResult] = field(default_factory=dict)
    added: list[FitKey] = field(default_factory=list)

    def read(self) -> Mapping[FitKey, FitResult]:
        return self.known

    def add(self, results: Sequence[tuple[FitKey, FitResult]]) -> None:
        self.added += [key for key, _ in results]
        self.known = {**self.known, **dict(results)}

    def forget(self) -> None:
        self.known = {}


@dataclass
class Outcome:
    """What became of a search. pipelines: by model name, as MLflow loads them again."""

    found: dict[str, SavedSearch] = field(default_factory=dict)
    errors: dict[str, FleetError] = field(default_factory=dict)
    pipelines: dict[str, Pipeline] = field(default_factory=dict)
    told: list[tuple[float, str]] = field(default_factory=list)


def search_all(
    request: SearchRequest,
    training: TrainingSet,
    *,
    fits: Any = None,
    engine: Engine | None = None,
    studies: Studies | None = None,
) -> Outcome:
    """Search by two processes, unless another engine is given."""
    outcome = Outcome()

    def keep(saved: SavedSearch) -> None:
        outcome.found[saved.model_name] = saved
        outcome.pipelines[saved.model_name] = mlflow.sklearn.load_model(str(saved.folder))

    with tempfile.TemporaryDirectory() as folder:
        outcome.errors = search_models(
            request,
            training,
            Path(folder),
            fits=fits or FitsInMemory(),
            engine=engine or LocalProcesses(2),
            progress=lambda share, what: outcome.told.append((share, what)),
            searched=keep,
            studies=studies,
        )
    return outcome


def searches_in(folder: Path, request: SearchRequest, training: TrainingSet) -> list[SavedSearch]:
    """The models of a search, saved in the folder, in the order of the request."""
    found: list[SavedSearch] = []
    search_models(
        request,
        training,
        folder,
        fits=FitsInMemory(),
        engine=LocalProcesses(2),
        progress=lambda _share, _what: None,
        searched=found.append,
    )
    return sorted(found, key=lambda search: request.models.index(search.model_name))


def search(model_name: str, request: SearchRequest, training: TrainingSet) -> SavedSearch:
    """Of one model."""
    return search_all(request, training).found[model_name]


FOREST: dict[str, list[Any]] = {
    "n_estimators": [30, 35, 40],
    "max_depth": [2, 3, 4, 5, 6, 8, 10, None],
    "min_samples_leaf": [1, 2, 3, 4],
}
CANDIDATES, FOLDS = 12, 3


def forest_search(
    training: TrainingSet,
    method: Method,
    *,
    fits: Any = None,
    engine: Engine | None = None,
    studies: Studies | None = None,
) -> tuple[dict[str, Any], list[tuple[float, ...]]]:
    """A search of some seconds: the best hyperparameters, and every candidate's scores."""
    grids = {"RandomForest": FOREST}
    request = SearchRequest(["RandomForest"], grids, "accuracy", FOLDS, "none", method, Budget(CANDIDATES))
    found = search_all(request, training, fits=fits, engine=engine, studies=studies).found["RandomForest"]
    return dict(found.hyperparameters), [each.scores for each in found.candidates]


def wine_rows() -> TrainingSet:
    """Wine's training set: 106 rows in the order of the split."""
    features, classes = load_wine(return_X_y=True, as_frame=True)
    features, _, classes, _ = train_test_split(
        features, classes, train_size=0.6, random_state=42, stratify=classes
    )
    names = tuple(name.replace("/", "__") for name in features.columns)
    return TrainingSet("wine", names, features.to_numpy(), classes.to_numpy().astype(np.int64))
