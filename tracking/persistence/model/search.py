"""What a search was asked, what it was run on and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from fleet.catalogue import Preprocessing, Task

Hyperparameters = Mapping[str, Any]
Grid = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class TrainingSet:
    """The rows that models are searched on, all of them with a known target.

    features: (rows, features) of doubles, NaN = missing. target: (rows,) of integers that are classes, or of
    doubles. categories: of each feature how many it has, 0 for numbers; without it all are numbers.
    category_names: of each feature their names, none for numbers; without it only positions are known.
    snapshot_id: what they are remembered as.
    """

    use_case: str
    feature_names: tuple[str, ...]
    features: npt.NDArray[np.float64]
    target: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    task: Task = "classification"
    categories: tuple[int, ...] = ()
    category_names: tuple[tuple[str, ...], ...] = ()
    snapshot_id: int | None = None

    @property
    def classifies(self) -> bool:
        return self.task == "classification"


@dataclass(frozen=True)
class SearchRequest:
    """A grid search of one or more models, scored by `cv`-fold cross-validation.

    grids: by model name, the values to try by hyperparameter.
    """

    models: Sequence[str]
    grids: Mapping[str, Grid]
    scoring: str
    cv: int
    preprocessing: Preprocessing


@dataclass(frozen=True)
class SearchResult:
    """What there is to tell of the best of one model's grid.

    metrics: of the cross-validated predictions: accuracy, f1_score, precision and recall, or of a regression
    mae, rmse, r2 and max_error. no_numbers: those of them that came out as no finite number, left out there.
    per_class: `<class>_precision`, `_recall` and `_f1_score` of the same, unless there are too many.
    execution_time_s: wall time. cpu_percent: CPU time by wall time, up to 100 a core.
    """

    model_name: str
    grid: Grid
    hyperparameters: Hyperparameters
    metrics: Mapping[str, float]
    no_numbers: Sequence[str]
    per_class: Mapping[str, float]
    execution_time_s: float
    cpu_percent: float
    started_at: datetime


@dataclass(frozen=True)
class FinishedSearch(SearchResult):
    """A result with its model.

    pipeline: fitted on the whole training set, as a frame with the use case's feature names, and with the
    names of the categories where they are known.
    """

    pipeline: Pipeline


@dataclass(frozen=True)
class SavedSearch(SearchResult):
    """A result with its model as an MLflow model in a folder. model_format: how its file was written."""

    folder: Path
    model_format: str


@dataclass(frozen=True)
class NewExperiment:
    """The experiment that finished searches are recorded under; made if there is none of that name."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
