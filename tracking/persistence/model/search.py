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
    snapshot_id, snapshot_digest: what they are remembered as, and the SHA-256 of the rows.
    """

    use_case: str
    feature_names: tuple[str, ...]
    features: npt.NDArray[np.float64]
    target: npt.NDArray[np.int64] | npt.NDArray[np.float64]
    task: Task = "classification"
    categories: tuple[int, ...] = ()
    category_names: tuple[tuple[str, ...], ...] = ()
    snapshot_id: int | None = None
    snapshot_digest: str | None = None

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
    candidates: each that was tried, in the order of the grid: params, mean_score, std_score, fold_scores (one
    a fold), fit_seconds (mean of a fold) and failure (why it has no score, or None). A score is better when
    higher, whatever the scoring. predicted: (rows,) cross-validated. probabilities: (rows, classes) of the
    same, None where the model has none. classes: the targets that the columns stand for. importances: by
    feature, mean and deviation of what its shuffling costs in score; None where nobody has computed them.
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
    candidates: Sequence[Mapping[str, Any]] = field(default_factory=list, kw_only=True)
    predicted: npt.NDArray[Any] | None = field(default=None, kw_only=True, compare=False)
    probabilities: npt.NDArray[np.float64] | None = field(default=None, kw_only=True, compare=False)
    classes: Sequence[int] = field(default=(), kw_only=True)
    importances: Mapping[str, tuple[float, float]] | None = field(default=None, kw_only=True)

    @property
    def best_score(self) -> float:
        """The mean score of the best candidate; less than any other if there is none."""
        scores = [each["mean_score"] for each in self.candidates]
        return max((score for score in scores if score is not None and np.isfinite(score)), default=-np.inf)


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
