"""What a search was asked, what it was run on and what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from fleet.catalogue import Preprocessing, Task

Hyperparameters = Mapping[str, Any]
Grid = Mapping[str, Sequence[Any]]
Method = Literal["grid", "random", "halving", "optuna"]
Part = Literal["fit", "score"]


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
class Budget:
    """How far a search that is no grid search goes.

    candidates: of each model, at most; None for as many as are allowed. seconds: of the whole request, None
    for as long as it takes. Every model that is left gets the same share, and a candidate that was begun is
    finished.
    """

    candidates: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class SearchRequest:
    """A search of one or more models, scored by `cv`-fold cross-validation.

    grids: by model name, the values to try by hyperparameter. Only a grid search needs one of every model:
    other methods search the catalogue's own space of a model that has none. budget: None of a grid search.
    include: by model name, a setting that is tried first, whatever the method and the budget.
    """

    models: Sequence[str]
    grids: Mapping[str, Grid]
    scoring: str
    cv: int
    preprocessing: Preprocessing
    method: Method = "grid"
    budget: Budget | None = None
    include: Mapping[str, Hyperparameters] = field(default_factory=dict)


@dataclass(frozen=True)
class FitKey:
    """One fit of a search. candidate: its number among those of the model, from 0. fold: from 0."""

    model_name: str
    candidate: int
    fold: int


@dataclass(frozen=True)
class FitResult:
    """What came of a fit. score: NaN if it failed. seconds, cpu_seconds: of fitting and scoring.

    failed_part, reason: what could not be done, and why; None if it could.
    """

    score: float
    seconds: float
    cpu_seconds: float
    failed_part: Part | None = None
    reason: str | None = None


@dataclass(frozen=True)
class CandidateResult:
    """What came of one combination of hyperparameters.

    scores: one a fold, NaN where it failed; a candidate with one of these has mean and deviation NaN too.
    fit_seconds: of all folds together. rows: that it was fitted and scored on, of all folds together; fewer
    than there are in the earlier rounds of halving. failed_part, reason: of the first failure.
    """

    number: int
    hyperparameters: Hyperparameters
    scores: tuple[float, ...]
    mean_score: float
    std_score: float
    fit_seconds: float
    rows: int
    failed_part: Part | None = None
    reason: str | None = None


@dataclass(frozen=True)
class CrossValidated:
    """The best candidate's predictions of every row by the model of the folds that it was not in.

    predicted: (rows,). classes: (classes,), None of a regression. probabilities: (rows, classes), None of a
    model without any. decisions: (rows, classes), the larger the likelier, only where there are no
    probabilities.
    """

    predicted: npt.NDArray[Any]
    classes: npt.NDArray[np.int64] | None = None
    probabilities: npt.NDArray[np.float64] | None = None
    decisions: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True)
class SearchResult:
    """What there is to tell of the best of one model's candidates.

    grid: the values that were tried; of a range of the catalogue's its ends. best_score: the mean score of
    the best candidate, of halving among those of the last round.
    metrics: of the cross-validated predictions: accuracy, f1_score, precision and recall, or of a regression
    mae, rmse, r2 and max_error. no_numbers: those of them that came out as no finite number, left out there.
    per_class: `<class>_precision`, `_recall` and `_f1_score` of the same, unless there are too many.
    execution_time_s: wall time. cpu_percent: CPU time of all processes of the search by wall time, up to 100
    a core. candidates: all of them, in the order in which they were tried.
    """

    model_name: str
    grid: Grid
    hyperparameters: Hyperparameters
    best_score: float
    metrics: Mapping[str, float]
    no_numbers: Sequence[str]
    per_class: Mapping[str, float]
    execution_time_s: float
    cpu_percent: float
    started_at: datetime
    candidates: Sequence[CandidateResult]
    cross_validated: CrossValidated

    @property
    def predicted(self) -> npt.NDArray[Any]:
        """Cross-validated predictions, (rows,)."""
        return self.cross_validated.predicted

    @property
    def classes(self) -> npt.NDArray[np.int64] | None:
        """Of the columns of `probabilities`; None of a regression."""
        return self.cross_validated.classes

    @property
    def probabilities(self) -> npt.NDArray[np.float64] | None:
        """Cross-validated, (rows, classes); None of a model without any."""
        return self.cross_validated.probabilities


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
