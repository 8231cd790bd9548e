"""What a reference keeps for estimates, and how it is read back."""

import numpy as np
import pytest

from db.definition import UseCase
from monitoring.persistence.model.judged_rows import JudgedRows
from monitoring.service.judging.estimating import MOST_KNOWN, estimate, known_rows
from monitoring.service.judging.reference import reference_of
from monitoring.service.judging.stored_figures import from_bytes, to_bytes


def use_case(task: str) -> UseCase:
    features = [{"name": "x"}]
    return UseCase.model_validate({"name": "lines", "task": task, "target": "height", "features": features})


LINES, CLASSES = use_case("regression"), use_case("classification")


def rows(count: int, probability: float = 0.9) -> JudgedRows:
    """Every tenth is wrong, or off by 1."""
    number = np.arange(count, dtype=float)
    target = number % 2
    prediction = np.where(number % 10 == 0, 1 - target, target)
    return JudgedRows(number[:, None], target, prediction, np.full(count, probability))


@pytest.mark.parametrize("about", [CLASSES, LINES])
def test_known_rows_are_evenly_chosen_and_read_back(about: UseCase) -> None:
    reference = reference_of(about, rows(3 * MOST_KNOWN))
    assert len(reference.known.said) == MOST_KNOWN
    assert reference.known.off.mean() == pytest.approx(0.1, abs=0.01)
    again = from_bytes(to_bytes(reference)).known
    np.testing.assert_array_equal(again.said, reference.known.said)
    np.testing.assert_array_equal(again.off, reference.known.off)


def test_rows_whose_probability_is_unknown_say_nothing_of_classes() -> None:
    unsure = rows(200, np.nan)
    assert len(known_rows(CLASSES, unsure).said) == 0
    assert estimate(CLASSES, known_rows(CLASSES, rows(200)), unsure) is None
    assert estimate(LINES, known_rows(LINES, unsure), unsure) is not None


def test_errors_beyond_numbers_give_no_estimate() -> None:
    wild = JudgedRows(np.zeros((100, 1)), np.full(100, 1e307), np.full(100, -1e307), np.full(100, np.nan))
    assert estimate(LINES, known_rows(LINES, wild), wild) is None
