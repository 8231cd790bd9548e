"""Models that are kept open within bounds: one that is closed opens again when it is asked."""

import threading
import time
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from ml_model.service.predictor import Predicted, Predictor

Floats = npt.NDArray[np.float64]


class Opened:
    """A stored model that predicts, whether it is open at the moment or not.

    size: bytes of its artifact. open_again: the same predictor once more; what it raises, `predict` does.
    """

    def __init__(self, predictor: Predictor, size: int, open_again: Callable[[], Predictor]) -> None:
        self.size = size
        self.used = time.monotonic()
        self.gives_probabilities = predictor.gives_probabilities
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

    def close(self) -> None:
        """Let go of what it holds; who predicts at the moment is not disturbed."""
        self._predictor = None

    def _opened(self) -> Predictor:
        with self._turn:
            predictor = self._predictor or self._open_again()
            self._predictor = predictor
        return predictor


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
