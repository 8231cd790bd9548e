"""Pays in the background for what the first optimisation would otherwise wait for."""

import logging
import threading
from pathlib import Path

import numpy as np

from fleet.catalogue import models_for
from fleet.errors import UnavailableError
from fleet.temporary import temporary_folder
from tracking.persistence.model.search import SearchRequest, TrainingSet
from tracking.persistence.repository.model_files import save
from tracking.service.scorings import DEFAULT_SCORING
from tracking.service.search import search

log = logging.getLogger(__name__)

FOLDS = 2


class WarmingUpError(UnavailableError):
    """The service has just started."""

    def __init__(self) -> None:
        super().__init__("tracking is warming up", "Wait a few seconds, then send the request again")


class WarmUp:
    """Searches and saves every model of the catalogue once, on made-up rows, so that imports are done."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warm-up", daemon=True)

    def start(self) -> None:
        """Begin, unless it has begun; returns at once."""
        if self._thread.ident is None:
            self._thread.start()

    def check(self) -> None:
        """Raises WarmingUpError until it is done."""
        if not self._done.is_set():
            raise WarmingUpError

    def wait(self) -> None:
        """Returns when it is done."""
        self._done.wait()

    def _run(self) -> None:
        try:
            with temporary_folder("tracking-warm-up") as folder:
                _search_and_save_all(folder)
        except Exception:  # the first optimisation will say it better; until then the service can answer
            log.exception("The warm-up failed")
        finally:
            self._done.set()


def _search_and_save_all(folder: Path) -> None:
    features = np.arange(24.0).reshape(12, 2)
    _search_and_save(TrainingSet("warm_up", ("x", "y"), features, np.repeat([0, 1, 2], 4)), folder)
    numbers = TrainingSet("warm_up", ("x", "y"), features, np.arange(12.0), "regression", (0, 2))
    _search_and_save(numbers, folder)


def _search_and_save(rows: TrainingSet, folder: Path) -> None:
    models = models_for(rows.task)
    grids: dict[str, dict[str, list[object]]] = {name: {} for name in models}
    request = SearchRequest(models, grids, DEFAULT_SCORING[rows.task], FOLDS, "standard_scaler")
    for name in models:
        save(search(name, request, rows).pipeline, rows, folder / name)
