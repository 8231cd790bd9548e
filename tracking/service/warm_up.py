"""Pays in the background for what the first optimisation would otherwise wait for."""

import logging
import threading

import numpy as np

from fleet.catalogue import models_for
from fleet.errors import UnavailableError
from fleet.patience import Patience
from fleet.temporary import temporary_folder
from tracking.persistence.model.search import SearchRequest, TrainingSet
from tracking.service.scorings import DEFAULT_SCORING
from tracking.service.searching import SearchProcesses

log = logging.getLogger(__name__)

FOLDS = 2
LONGEST_S = 300


class WarmingUpError(UnavailableError):
    """The service has just started."""

    def __init__(self) -> None:
        super().__init__("tracking is warming up", "Wait a few seconds, then send the request again")


class WarmUp:
    """Searches and saves every model of the catalogue once, on made-up rows, so that imports are done.

    searcher: the one that is made warm.
    """

    def __init__(self, searcher: SearchProcesses) -> None:
        self.searcher = searcher
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

    def stop(self) -> None:
        """End what was made warm."""
        self.searcher.stop()

    def _run(self) -> None:
        try:
            for rows in _made_up():
                with temporary_folder("tracking-warm-up") as folder:
                    self.searcher.search(_everything(rows), rows, folder, Patience.of(LONGEST_S))
        except Exception:  # the first optimisation will say it better; until then the service can answer
            log.exception("The warm-up failed")
        finally:
            self._done.set()


def _made_up() -> list[TrainingSet]:
    features = np.arange(24.0).reshape(12, 2)
    positions, names = np.column_stack([features[:, 0], np.arange(12) % 2]), ((), ("a", "b"))
    return [
        TrainingSet("warm_up", ("x", "y"), features, np.repeat([0, 1, 2], 4)),
        TrainingSet("warm_up", ("x", "y"), positions, np.arange(12.0), "regression", (0, 2), names),
    ]


def _everything(rows: TrainingSet) -> SearchRequest:
    models = models_for(rows.task)
    grids: dict[str, dict[str, list[object]]] = {name: {} for name in models}
    return SearchRequest(models, grids, DEFAULT_SCORING[rows.task], FOLDS, "standard_scaler")
