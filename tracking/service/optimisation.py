"""Optimisation: check, search every model, then record them all."""

from collections.abc import Callable

from tracking.persistence.model.search import FinishedSearch, NewExperiment, SearchRequest, TrainingSet
from tracking.persistence.repository.search_log import RecordedSearches
from tracking.persistence.unit_of_work import TrackingUnitOfWork
from tracking.service.checking import check_on, check_request, explain
from tracking.service.ports import Log
from tracking.service.search import search

__all__ = ["NewExperiment", "OptimisationService", "SearchRequest"]  # the first and last are its arguments


class OptimisationService:
    """Searches the catalogue's models.

    units: opens a transaction. log: where finished searches are recorded.
    """

    def __init__(self, units: Callable[[], TrackingUnitOfWork], log: Log, *, max_combinations: int) -> None:
        self._units = units
        self._log = log
        self._max_combinations = max_combinations

    def optimise(self, request: SearchRequest, experiment: NewExperiment, use_case: str) -> RecordedSearches:
        """Search each model on the use case's training set; nothing is created unless all of them succeed."""
        check_request(request, max_combinations=self._max_combinations)
        with self._units() as work:
            training = work.training_sets.read(use_case)
        self._log.check_name(experiment.name)
        check_on(request, training)
        searches = [self._search(model_name, request, training) for model_name in request.models]
        return self._log.record(experiment, request, searches, training)

    @staticmethod
    def _search(model_name: str, request: SearchRequest, training: TrainingSet) -> FinishedSearch:
        try:
            return search(model_name, request, training)
        except Exception as error:  # estimators and scorers raise whatever they like
            raise explain(model_name, request, training, error) from error
