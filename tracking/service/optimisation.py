"""Optimisation: check, search every model, then record them all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fleet.catalogue import Preprocessing, Task
from fleet.jobs import Work
from fleet.temporary import temporary_folder
from tracking.persistence.model.search import Grid, NewExperiment, SearchRequest
from tracking.persistence.repository.search_log import RecordedSearches
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.bounds import Bounds
from tracking.service.checking import check_request
from tracking.service.ports import Log
from tracking.service.scorings import DEFAULT_SCORING
from tracking.service.searching import search_all


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

    units: opens a transaction. log: where searches are recorded. bounds: of what may be asked.
    """

    def __init__(self, units: Callable[[], TrackingUnitOfWork], log: Log, *, bounds: Bounds) -> None:
        self._units = units
        self._log = log
        self._bounds = bounds

    def check(self, asked: Optimisation) -> None:
        """Raise what can be said of it before anything is read or searched."""
        with self._units() as work:
            use_case = work.training_sets.find(asked.use_case)
        check_request(asked.search_request(use_case.task.value), use_case.task.value, self._bounds)
        self._log.check_name(asked.experiment_name)

    def optimise(self, asked: Optimisation, job: Work) -> RecordedSearches:
        """Search each model on the use case's training set."""
        with self._units() as work:
            use_case = work.training_sets.find(asked.use_case)
            training = work.training_sets.read(use_case, asked.snapshot_id, actor=job.caller.name)
            work.commit()
        request = asked.search_request(use_case.task.value)
        experiment = NewExperiment(asked.experiment_name, asked.experiment_tags)
        with temporary_folder("tracking") as folder:
            searches = search_all(request, training, folder)
            return self._log.record(experiment, request, searches, training, job.caller)
