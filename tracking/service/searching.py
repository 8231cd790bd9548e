"""Where the searches of a request are made: here, or in a process that can be killed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from fleet.errors import FleetError, OutOfTimeError
from fleet.killable import KillableWork
from fleet.patience import Patience
from tracking.persistence.model.search import FinishedSearch, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.model_files import save
from tracking.service.checking import check_on, explain
from tracking.service.search import search

KEPT_VALUES = 2_000_000  # a process that has searched on more gives its memory back by ending
SPARE_SHARE, MOST_SPARE_S = 0.1, 2.0  # of the client's patience, left for the answer


class SearchOutOfTimeError(OutOfTimeError):
    """The searches did not end in the time that a request may take, or their client has gone."""

    def __init__(self) -> None:
        FleetError.__init__(
            self,
            "The search took longer than a request may take, and was ended",
            "Nothing was recorded. Try fewer values or folds, scale the features ('preprocessing': "
            "'standard_scaler'), bound the iterations ('max_iter'), or raise TRACKING_REQUEST_TIMEOUT_S",
        )


class Searcher(Protocol):
    """Makes searches."""

    def search(
        self, request: SearchRequest, training: TrainingSet, folder: Path, patience: Patience
    ) -> Sequence[SavedSearch]:
        """Every model's search, its model saved in a folder of its name, of the folder.

        Raises what check_on and explain raise.
        """
        ...


class InThisProcess:
    """Searches in the caller's own thread, however long that takes."""

    def search(
        self, request: SearchRequest, training: TrainingSet, folder: Path, patience: Patience
    ) -> Sequence[SavedSearch]:
        """As Searcher's."""
        del patience
        return search_all(request, training, folder)


class SearchProcesses:
    """A Searcher that kills what nobody waits for any more."""

    def __init__(self) -> None:
        self._work = KillableWork("tracking-search")

    def search(
        self, request: SearchRequest, training: TrainingSet, folder: Path, patience: Patience
    ) -> Sequence[SavedSearch]:
        """As Searcher's. Raises SearchOutOfTimeError and WorkerDiedError too."""
        left = patience.left
        hurried = Patience(patience.until - min(SPARE_SHARE * left, MOST_SPARE_S), patience.gone)
        small = training.features.size <= KEPT_VALUES
        try:
            found: Sequence[SavedSearch] = self._work.do(
                search_all, request, training, folder, patience=hurried, keep=small
            )
        except OutOfTimeError as error:
            raise SearchOutOfTimeError from error
        return found

    def stop(self) -> None:
        """End all of them, whatever they are doing."""
        self._work.stop()


def search_all(request: SearchRequest, training: TrainingSet, folder: Path) -> list[SavedSearch]:
    """Check on the rows, then search and save each model."""
    check_on(request, training)
    return [
        save(_search(model_name, request, training), training, folder / model_name)
        for model_name in request.models
    ]


def _search(model_name: str, request: SearchRequest, training: TrainingSet) -> FinishedSearch:
    try:
        return search(model_name, request, training)
    except Exception as error:  # estimators and scorers raise whatever they like
        raise explain(model_name, request, training, error) from error
