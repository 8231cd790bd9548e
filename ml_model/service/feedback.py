"""Takes the truth about samples, whenever it is known."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from db.definition import Task, UseCase
from fleet.errors import InvalidRequestError
from ml_model.persistence.model.live_rows import FeedbackOutcome
from ml_model.persistence.unit_of_work import MlModelUnitOfWork

Told = Callable[[str, FeedbackOutcome], object]

Floats = npt.NDArray[np.float64]

LARGEST_CLASS = 2**31 - 1
NAMED_CLASSES = 50


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
                _check_classes(work, use_case, numbers, values)
            work.samples.hold(use_case, "production")
            outcome = work.live_samples.store_truth(use_case, numbers, values)
            work.commit()
        self._told(use_case.name, outcome)
        return outcome


def _last_of_each(numbers: npt.NDArray[np.int64], values: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """In ascending order of the numbers."""
    unique, first_from_behind = np.unique(numbers[::-1], return_index=True)
    return unique, values[::-1][first_from_behind]


def _check_classes(
    work: MlModelUnitOfWork, use_case: UseCase, numbers: npt.NDArray[np.int64], values: Floats
) -> None:
    """Raises UnusableTruthError for what is no class of the use case."""
    wrong = (np.rint(values) != values) | (np.abs(values) > LARGEST_CLASS)
    unknown = None if wrong.any() else work.live_samples.first_unknown_class(use_case, _whole(values))
    if unknown is not None:
        wrong = values == unknown
    if wrong.any():
        first = int(np.argmax(wrong))
        raise UnusableTruthError(
            f"The target {values[first]:.17g} of sample_index {numbers[first]} is no class of "
            f"'{use_case.name}'",
            f"Send the class as an integer: {_listed(work.live_samples.classes(use_case))}",
        )


def _whole(values: Floats) -> npt.NDArray[np.int64]:
    return np.unique(values).astype(np.int64)


def _listed(classes: Sequence[int]) -> str:
    named = ", ".join(str(each) for each in classes[:NAMED_CLASSES])
    more = len(classes) - NAMED_CLASSES
    return f"{named} and {more} more" if more > 0 else named or "its sets are not loaded"
