"""Takes the truth about samples, whenever it is known."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from db.definition import Task
from fleet.errors import InvalidRequestError
from ml_model.persistence.model.live_rows import FeedbackOutcome
from ml_model.persistence.unit_of_work import MlModelUnitOfWork

Told = Callable[[str, FeedbackOutcome], object]

LARGEST_CLASS = 2**31 - 1


class UnusableTruthError(InvalidRequestError):
    """The truth is none that the use case could have."""


class Feedback:
    """The truth about samples. units: opens a transaction. told: what became of it, with the use case."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork], *, told: Told = lambda *_: None) -> None:
        self._units = units
        self._told = told

    def store(self, name: str, sample_index: Sequence[int], target: Sequence[float]) -> FeedbackOutcome:
        """Store it; the last counts of what is sent about a sample. Raises UnusableTruthError."""
        if len(sample_index) != len(target):
            raise UnusableTruthError(
                f"'sample_index' has {len(sample_index)} entries and 'target' {len(target)}",
                "Send one target for each sample_index",
            )
        numbers, values = _last_of_each(
            np.array(sample_index, dtype=np.int64), np.array(target, dtype=np.float64)
        )
        with self._units() as work:
            use_case = work.samples.find(name)
            if use_case.task is Task.CLASSIFICATION:
                _check_classes(values)
            outcome = work.live_samples.store_truth(use_case, numbers, values)
            work.commit()
        self._told(use_case.name, outcome)
        return outcome


def _last_of_each(
    numbers: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """In ascending order of the numbers."""
    unique, first_from_behind = np.unique(numbers[::-1], return_index=True)
    return unique, values[::-1][first_from_behind]


def _check_classes(values: npt.NDArray[np.float64]) -> None:
    wrong = (np.rint(values) != values) | (np.abs(values) > LARGEST_CLASS)
    if wrong.any():
        raise UnusableTruthError(
            f"The target {values[np.argmax(wrong)]:g} is no class", "Send the class as an integer"
        )
