"""What follows a model's search: predictions across the folds, the model fitted on every row, its figures."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import cpu_count
from sklearn.pipeline import Pipeline

from tracking.persistence.model.engine import WorkerLostError
from tracking.persistence.model.search import CandidateResult, CrossValidated, FinishedSearch, TrainingSet
from tracking.service.evaluating import TRIES, Crew
from tracking.service.fits import FoldPrediction, Material, fit_whole, predict_fold
from tracking.service.methods import space_of, told_space
from tracking.service.metrics import compute_metrics, metrics_per_class


@dataclass(frozen=True)
class Searched:
    """A model whose candidates have all been tried. clock: of time.perf_counter, as it began."""

    model_name: str
    candidates: Sequence[CandidateResult]
    best: CandidateResult
    clock: float
    at: datetime = field(default_factory=lambda: datetime.now(UTC))


class LastTasks:
    """A model's last ones, which are done while the next model is searched.

    ended: is called with them once all are done, or one of them has failed.
    """

    def __init__(
        self,
        crew: Crew,
        material: Material,
        searched: Searched,
        ended: Callable[["LastTasks"], None],
    ) -> None:
        self.model_name = searched.model_name
        self._crew = crew
        self._searched = searched
        self._ended = ended
        self._rows = [rows for _, rows in material.folds]
        self._done: dict[int | None, Any] = {}
        self._lost = 0
        self._failure: Exception | None = None

    def begin(self) -> None:
        """Ask for them, the longest first."""
        for fold in (None, *range(len(self._rows))):
            self._ask(fold)

    def result(self, material: Material, cpu_seconds: float) -> FinishedSearch:
        """What there is to tell; cpu_seconds: of the fits before. Raises what one of the tasks has raised."""
        if self._failure is not None:
            raise self._failure
        searched, training = self._searched, material.training
        folds: list[FoldPrediction] = [self._done[fold] for fold in range(len(self._rows))]
        pipeline, of_whole = self._done[None]
        found = self._cross_validated(folds, training)
        computed = compute_metrics(training.task, training.target, found.predicted)
        metrics = {name: value for name, value in computed.items() if np.isfinite(value)}
        seconds = time.perf_counter() - searched.clock
        cpu = cpu_seconds + of_whole + sum(fold.cpu_seconds for fold in folds)
        return FinishedSearch(
            model_name=searched.model_name,
            grid=told_space(space_of(searched.model_name, material.request)),
            hyperparameters=searched.best.hyperparameters,
            best_score=searched.best.mean_score,
            pipeline=pipeline,
            metrics=metrics,
            no_numbers=[name for name in computed if name not in metrics],
            per_class=metrics_per_class(training.target, found.predicted) if training.classifies else {},
            execution_time_s=seconds,
            cpu_percent=min(100 * cpu / seconds, 100.0 * max(self._crew.slots, cpu_count())),
            started_at=searched.at,
            candidates=searched.candidates,
            cross_validated=found,
        )

    def _ask(self, fold: int | None) -> None:
        told = (self._searched.model_name, self._searched.best.hyperparameters)
        if fold is None:
            self._crew.ask(partial(self._came_back, None), fit_whole, *told)
        else:
            self._crew.ask(partial(self._came_back, fold), predict_fold, *told, fold)

    def _came_back(self, fold: int | None, future: Future[FoldPrediction | tuple[Pipeline, float]]) -> None:
        if self._failure is not None:
            return
        try:
            self._done[fold] = future.result()
        except Exception as error:  # noqa: BLE001  # estimators raise whatever they like
            self._lost += isinstance(error, WorkerLostError)
            if isinstance(error, WorkerLostError) and self._lost < TRIES:
                self._ask(fold)
                return
            self._failure = error
            self._ended(self)
            return
        if len(self._done) == len(self._rows) + 1:
            self._ended(self)

    def _cross_validated(self, folds: Sequence[FoldPrediction], training: TrainingSet) -> CrossValidated:
        """The folds' predictions, each in its row's place."""
        return CrossValidated(
            predicted=self._placed([fold.predicted for fold in folds]),
            classes=np.unique(training.target).astype(np.int64) if training.classifies else None,
            probabilities=self._placed([fold.probabilities for fold in folds]),
            decisions=self._placed([fold.decisions for fold in folds]),
        )

    def _placed(self, parts: Sequence[npt.NDArray[Any] | None]) -> Any:
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        placed = np.concatenate(known)
        placed[np.concatenate(self._rows)] = placed.copy()
        return placed
