"""Optimisation: check, search every model, then record them all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fleet.caller import Caller
from fleet.catalogue import Preprocessing, Task
from fleet.patience import Patience
from fleet.temporary import temporary_folder
from tracking.persistence.model.search import Grid, NewExperiment, SearchRequest
from tracking.persistence.repository.search_log import RecordedSearches
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.bounds import Bounds
from tracking.service.checking import check_request
from tracking.service.ports import Log
from tracking.service.scorings import DEFAULT_SCORING
from tracking.service.searching import InThisProcess, Searcher


@dataclass(frozen=True)
class Optimisation:
    """What is to be searched, and under which experiment it is to be recorded.

    models: a name given twice counts once. grids: by model name, the values to try by hyperparameter.
    scoring: None for the task's default. experiment_tags: of the experiment, if it is made for this.
    snapshot_id: the rows to search on; None for the training set as it is.
    """

    use_case: str
    models: Sequence[str]
    grids: Mapping[str, Grid]
    scoring: str | None
    cv: int
    preprocessing: Preprocessing
    experiment_name: str
    experiment_tags: Mapping[str, str]
    snapshot_id: int | None = None

    def search_request(self, task: Task) -> SearchRequest:
        """The part that every search is told."""
        models = list(dict.fromkeys(self.models))
        scoring = DEFAULT_SCORING[task] if self.scoring is None else self.scoring
        return SearchRequest(models, self.grids, scoring, self.cv, self.preprocessing)


class OptimisationService:
    """Searches the catalogue's models.

    units: opens a transaction. log: where finished searches are recorded. bounds: of what may be asked.
    searcher: makes the searches, in place of the caller's thread.
    """

    def __init__(
        self,
        units: Callable[[], TrackingUnitOfWork],
        log: Log,
        *,
        bounds: Bounds,
        searcher: Searcher | None = None,
    ) -> None:
        self._units = units
        self._log = log
        self._bounds = bounds
        self._searcher = searcher or InThisProcess()

    def optimise(self, asked: Optimisation, *, caller: Caller, patience: Patience) -> RecordedSearches:
        """Search each model on the use case's training set; nothing is created unless all of them succeed.

        patience: after it the searches are given up.
        """
        with self._units() as work:
            use_case = work.training_sets.find(asked.use_case)
        request = asked.search_request(use_case.task.value)
        check_request(request, use_case.task.value, self._bounds)
        with self._units() as work:
            training = work.training_sets.read(use_case, asked.snapshot_id, actor=caller.name)
            work.commit()
        self._log.check_name(asked.experiment_name)
        experiment = NewExperiment(asked.experiment_name, asked.experiment_tags)
        with temporary_folder("tracking") as folder:
            searches = self._searcher.search(request, training, folder, patience)
            return self._log.record(experiment, request, searches, training, caller)
