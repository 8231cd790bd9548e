"""Models that are kept open within bounds: one that is closed opens again when it is asked."""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ml_model.service.artifacts import UnreadableArtifactError
from ml_model.service.predictor import OnnxPredictor, Predicted, Predictor

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

WARM_UPS = 3
QUICK_S = 0.002  # a model that takes longer for a row is not run where it would hold up other requests


class Opened:
    """A stored model that predicts, whether it is open at the moment or not.

    size: what it counts for, in bytes. open_again: the same predictor once more; what it raises, `predict`
    does. opened_again: is called once that was done.
    """

    def __init__(self, predictor: Predictor, size: int, open_again: Callable[[], Predictor]) -> None:
        self.size = size
        self.used = time.monotonic()
        self.gives_probabilities = predictor.gives_probabilities
        self.opened_again: Callable[[], object] = lambda: None
        self._open_again = open_again
        self._predictor: Predictor | None = predictor
        self._turn = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether it answers without being opened first."""
        return self._predictor is not None

    def predict(self, features: Floats) -> Predicted:
        """As Predictor's."""
        self.used = time.monotonic()
        return (self._predictor or self._opened()).predict(features)

    def on_all_cores(self) -> Predictor:
        """The predictor itself, which shares many rows out; closing takes it from nobody who has it."""
        self.used = time.monotonic()
        predictor = self._predictor or self._opened()
        return predictor.on_all_cores() if isinstance(predictor, OnnxPredictor) else predictor

    def takes_no_time(self, features: int) -> bool:
        """Whether a row of so many features holds nobody up. Raises UnreadableArtifactError."""
        row: Floats = np.zeros((1, features))
        seconds = float("inf")
        try:
            for _ in range(WARM_UPS):
                start = time.perf_counter()
                self.predict(row)
                seconds = min(seconds, time.perf_counter() - start)
        except Exception as error:  # whatever the libraries raise
            log.exception("A stored model cannot predict")
            raise UnreadableArtifactError from error
        return isinstance(self._predictor, OnnxPredictor) and seconds < QUICK_S

    def close(self) -> None:
        """Let go of what it holds; who predicts at the moment is not disturbed."""
        self._predictor = None

    def _opened(self) -> Predictor:
        with self._turn:
            predictor = self._predictor or self._open_again()
            self._predictor = predictor
        self.opened_again()
        return predictor


@dataclass(frozen=True, slots=True)
class Served:
    """A model that can answer. quick: a row takes it no longer than other requests may be held up."""

    deployment_id: int
    model_name: str
    predictor: Opened
    quick: bool
    use_case: str = ""

    @property
    def is_quick(self) -> bool:
        """Whether a row holds nobody up: one that is closed has to be opened first."""
        return self.quick and self.predictor.is_open


def close_longest_unused(models: Iterable[Opened], most_bytes: int) -> int:
    """Close those that were asked longest ago, until the artifacts of the others take at most so many bytes.

    The one that was asked last stays open, whatever its size. Returns how many were closed.
    """
    total = closed = 0
    for number, model in enumerate(sorted(models, key=lambda each: each.used, reverse=True)):
        if not model.is_open:
            continue
        total += model.size
        if number and total > most_bytes:
            model.close()
            closed += 1
            total -= model.size
    return closed
