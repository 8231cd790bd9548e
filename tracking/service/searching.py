"""The search of a request's models: which it tries, what it finds, and what it can go on from.

It knows of no job and no web: whoever starts it says where fits are kept, who works, and whom to tell.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

import numpy as np

from fleet.errors import FleetError
from tracking.persistence.model.engine import Engine, Workers
from tracking.persistence.model.search import (
    CandidateResult,
    FinishedSearch,
    SavedSearch,
    SearchRequest,
    TrainingSet,
)
from tracking.persistence.repository.model_files import save
from tracking.persistence.repository.studies import Studies
from tracking.service.checking import check_folds
from tracking.service.evaluating import LOOK_S, Crew, Evaluator
from tracking.service.finishing import LastTasks, Searched
from tracking.service.fits import Material, material_for, reason_of
from tracking.service.kept_fits import FinishedFits, KeptFits
from tracking.service.methods import Hunt, share_of
from tracking.service.progress import Progress
from tracking.service.refusals import HyperparametersRefusedError, ScoringRefusedError, SearchFailedError
from tracking.utils.quiet import no_warnings

MODELS_AT_ONCE = 3  # that are recorded: it is waiting for MLflow that takes the time


def search_models(  # noqa: PLR0913  # what a search takes part in
    request: SearchRequest,
    training: TrainingSet,
    folder: Path,
    *,
    fits: FinishedFits,
    engine: Engine,
    progress: Callable[[float, str], None],
    searched: Callable[[SavedSearch], None],
    studies: Studies | None = None,
) -> dict[str, FleetError]:
    """Search each model, and save the best of each in a folder of its name, of the folder; errors by model.

    fits: those that an earlier attempt has made are not made again. studies: the same for Optuna, which
    otherwise begins anew. progress: is told the share that is done and what goes on, every second at least.
    searched: is called with each model as soon as it is ready, in threads of their own; what it
    raises ends the search. Raises the first model's error if every model failed, and what check_folds raises.
    """
    check_folds(request.cv, training)
    material = material_for(request, training)
    with engine.sharing(material) as workers:  # before there are threads
        kept = KeptFits(fits)
        try:
            with no_warnings(), ThreadPoolExecutor(MODELS_AT_ONCE, "searched") as ready:

                def saving(found: FinishedSearch) -> Future[None]:
                    return ready.submit(_save, found, training, folder, searched)

                search = _Search(material, workers, kept, Progress(request, progress), saving)
                errors = search.of_all(studies or Studies("search"))
        finally:
            kept.close()
    if len(errors) == len(request.models):
        raise errors[request.models[0]]
    return errors


class _Search:
    """One request's search, in the caller's thread. saving: saves a model that is ready, in another."""

    def __init__(
        self,
        material: Material,
        workers: Workers,
        kept: KeptFits,
        progress: Progress,
        saving: Callable[[FinishedSearch], Future[None]],
    ) -> None:
        self._material = material
        self._kept = kept
        self._progress = progress
        self._saving = saving
        self._saved: list[Future[None]] = []
        self._crew = Crew(workers)
        self._evaluator = Evaluator(self._crew, material, kept, self._tell)
        self._errors: dict[str, FleetError] = {}

    def of_all(self, studies: Studies) -> dict[str, FleetError]:
        """Search all models; errors by model."""
        request, began = self._material.request, time.monotonic()
        for place, model_name in enumerate(request.models):
            left = share_of(request.budget, began, len(request.models) - place)
            self._search(model_name, left, studies)
        while self._crew.turn():
            self._tell(0)
        while wait(self._saved, LOOK_S).not_done:
            self._tell(0)
        self._tell(0)
        return self._errors

    def _search(self, model_name: str, left: float, studies: Studies) -> None:
        clock, training = time.perf_counter(), self._material.training
        self._progress.goes_to(model_name)
        hunt = Hunt(
            model_name,
            self._material.request,
            rows=len(training.target),
            classes=len(np.unique(training.target)) if training.classifies else 0,
            until=time.monotonic() + left - self._spent(model_name),
            evaluate=partial(self._evaluator.evaluate, model_name),
            study=partial(studies.study, model_name),
        )
        candidates, best = hunt.best()
        if best is None:
            self._errors[model_name] = _refusal(model_name, self._material, candidates)
            return
        tasks = LastTasks(
            self._crew, self._material, Searched(model_name, candidates, best, clock), self._ended
        )
        tasks.begin()

    def _ended(self, tasks: LastTasks) -> None:
        request, model_name = self._material.request, tasks.model_name
        try:
            found = tasks.result(self._material, self._evaluator.cpu_seconds[model_name])
        except Exception as reason:  # noqa: BLE001  # estimators raise whatever they like, and predict infinity
            self._errors[model_name] = SearchFailedError(
                model_name, request.scoring, request.cv, reason_of(reason)
            )
        else:
            self._saved.append(self._saving(found))

    def _tell(self, fits: int) -> None:
        """Of so many more. Raises what has kept a model from being saved."""
        for saved in self._saved:
            if saved.done():
                saved.result()
        self._progress.add(fits)

    def _spent(self, model_name: str) -> float:
        """Seconds that earlier attempts took for the model's fits."""
        seconds = (fit.seconds for key, fit in self._kept.known.items() if key.model_name == model_name)
        return sum(seconds) / self._crew.slots


def _save(
    found: FinishedSearch, training: TrainingSet, folder: Path, searched: Callable[[SavedSearch], None]
) -> None:
    searched(save(found, training, folder / found.model_name))


def _refusal(model_name: str, material: Material, candidates: Sequence[CandidateResult]) -> FleetError:
    """Why none of them has a score: the first that could not be fitted, or else the scoring."""
    for candidate in candidates:
        if candidate.failed_part == "fit":
            return HyperparametersRefusedError(
                model_name, candidate.hyperparameters, candidate.reason or "it cannot be fitted"
            )
    scoring, task = material.request.scoring, material.training.task
    return ScoringRefusedError(scoring, model_name, candidates[0].reason or "it gives no number", task)
