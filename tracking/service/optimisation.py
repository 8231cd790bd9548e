"""Optimisation: check, search every model, then record them all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from fleet.catalogue import Preprocessing, Task, models_for
from fleet.errors import FleetError
from fleet.jobs import State, Work
from fleet.temporary import temporary_folder
from tracking.persistence.model.engine import Engine
from tracking.persistence.model.search import (
    Budget,
    Grid,
    Hyperparameters,
    Method,
    NewExperiment,
    SavedSearch,
    SearchRequest,
    TrainingSet,
)
from tracking.persistence.repository.search_log import RecordedSearches
from tracking.persistence.repository.studies import Studies
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.bounds import Bounds
from tracking.service.checking import check_folds, check_request
from tracking.service.kept_fits import FinishedFits
from tracking.service.ports import Log
from tracking.service.scorings import DEFAULT_SCORING
from tracking.service.searching import search_models

DEFAULT_CANDIDATES = 20


@dataclass(frozen=True)
class Optimisation:
    """What is to be searched, and under which experiment it is to be recorded.

    models: a name given twice counts once; "auto" for all that there are for the task. grids: by model name,
    the values to try by hyperparameter. scoring: None for the task's default. method: None for a grid search,
    or a random one of "auto" without grids. candidates, seconds: the budget; neither for DEFAULT_CANDIDATES,
    where the method has one.
    experiment_tags: of the experiment, if it is made for this.
    snapshot_id: the rows to search on; None for the training set as it is.
    include: by model name, a setting that is tried in any case; of "auto" the model too.
    """

    use_case: str
    models: Sequence[str] | Literal["auto"]
    grids: Mapping[str, Grid]
    scoring: str | None
    cv: int
    preprocessing: Preprocessing
    experiment_name: str
    experiment_tags: Mapping[str, str]
    snapshot_id: int | None = None
    method: Method | None = None
    candidates: int | None = None
    seconds: float | None = None
    include: Mapping[str, Hyperparameters] = field(default_factory=dict)

    def search_request(self, task: Task) -> SearchRequest:
        """The part that every search is told."""
        models = [*models_for(task), *self.include] if self.models == "auto" else self.models
        scoring = DEFAULT_SCORING[task] if self.scoring is None else self.scoring
        method = self.method or ("random" if self.models == "auto" and not self.grids else "grid")
        budget: Budget | None = Budget(self.candidates, self.seconds)
        if budget == Budget():
            budget = None if method == "grid" else Budget(DEFAULT_CANDIDATES)
        return SearchRequest(
            models=list(dict.fromkeys(models)),
            grids=self.grids,
            scoring=scoring,
            cv=self.cv,
            preprocessing=self.preprocessing,
            method=method,
            budget=budget,
            include=self.include,
        )


class ForgettableFits(FinishedFits, Protocol):
    """Fits that are kept no longer than their search."""

    def forget(self) -> None: ...


@dataclass(frozen=True)
class SearchMeans:
    """What a search is made with. fits, studies: those of the search of this id."""

    engine: Engine
    fits: Callable[[str], ForgettableFits]
    studies: Callable[[str], Studies]

    def forget(self, search: str) -> None:
        """What was kept of it, so that it could be taken up again."""
        self.fits(search).forget()
        self.studies(search).forget()


class OptimisationService:
    """Searches the catalogue's models.

    units: opens a transaction. log: where finished searches are recorded. bounds: of what may be asked.
    """

    def __init__(
        self, units: Callable[[], TrackingUnitOfWork], log: Log, *, bounds: Bounds, means: SearchMeans
    ) -> None:
        self._units = units
        self._log = log
        self._bounds = bounds
        self._means = means

    def check(self, asked: Optimisation) -> None:
        """Raise what can be said of it before anything is read or searched."""
        with self._units() as work:
            use_case = work.training_sets.find(asked.use_case)
        request = self._bounds.filled(asked.search_request(use_case.task.value))
        check_request(request, use_case.task.value, self._bounds)
        self._log.check_name(asked.experiment_name)

    def optimise(self, asked: Optimisation, job: Work) -> None:
        """Search each model on the use case's training set, answer, and draw what was found.

        Raises the first error if every model has one.
        """
        snapshot_id = asked.snapshot_id
        if job.attempt > 1 and snapshot_id is None:  # fits are kept: the others must be of the same rows
            snapshot_id = self._log.snapshot_of(job.job_id, asked.experiment_name)
        with self._units() as work:
            use_case = work.training_sets.find(asked.use_case)
            training = work.training_sets.read(use_case, snapshot_id, actor=job.caller.name)
            work.commit()
        request = self._bounds.filled(asked.search_request(use_case.task.value))
        experiment = NewExperiment(asked.experiment_name, asked.experiment_tags)
        check_folds(request.cv, training)
        recorded = self._log.begin(job.job_id, experiment, request, training, job.caller)
        with temporary_folder("tracking") as folder:
            found, errors = self._search(request, training, folder, job)
            for model_name, error in errors.items():
                self._log.fail(job.job_id, model_name, error.error)
            best = max(found, key=lambda search: search.best_score)
            self._log.challenge(job.job_id, use_case.name, best.model_name)
            job.answer(_answer(recorded, best.model_name, errors))
            self._means.forget(job.job_id)
            for search in found:
                self._log.add_pictures(job.job_id, search)

    def _search(
        self, request: SearchRequest, training: TrainingSet, folder: Path, job: Work
    ) -> tuple[list[SavedSearch], dict[str, FleetError]]:
        """What was found, in the order of the request, each recorded as soon as it was; errors by model."""
        found: dict[str, SavedSearch] = {}

        def searched(search: SavedSearch) -> None:
            self._log.finish(job.job_id, search)
            found[search.model_name] = search

        errors = search_models(
            request,
            training,
            folder,
            fits=self._means.fits(job.job_id),
            engine=self._means.engine,
            progress=job.tell,
            searched=searched,
            studies=self._means.studies(job.job_id),
        )
        return [found[name] for name in request.models if name in found], errors

    def give_up(self, job: Work, status: State, reason: str) -> None:
        """End the runs, and forget what was kept of a search that nobody will take up again."""
        self._log.end(job.job_id, "KILLED" if status == "cancelled" else "FAILED", reason)
        self._means.forget(job.job_id)


def _answer(recorded: RecordedSearches, best: str, errors: Mapping[str, FleetError]) -> dict[str, Any]:
    run_ids = {name: run_id for name, run_id in recorded.run_ids.items() if name not in errors}
    data: dict[str, Any] = {
        "experiment_id": recorded.experiment_id,
        "run_ids": run_ids,
        "best_model": best,
    }
    if errors:
        data["errors"] = {name: error.body() for name, error in errors.items()}
    return {"message": "Experiments retrieved successfully", "data": data}
