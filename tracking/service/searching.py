"""The searches of a request, one model after the other."""

from pathlib import Path

from tracking.persistence.model.search import FinishedSearch, SavedSearch, SearchRequest, TrainingSet
from tracking.persistence.repository.model_files import save
from tracking.service.checking import check_on, explain
from tracking.service.search import search


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
