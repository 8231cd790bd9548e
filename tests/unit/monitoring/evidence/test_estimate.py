"""What is expected of rows without truth, in worlds whose truth is known to the test."""

import numpy as np
import pytest
from numpy.typing import NDArray

from monitoring.service.evidence.estimate import Estimate, estimate_accuracy, estimate_error

Floats = NDArray[np.float64]


def answers(random: np.random.Generator, rows: int, low: float, high: float) -> tuple[Floats, Floats]:
    """Confidences between the two, and the chances that such an overconfident model is right."""
    confidences = random.uniform(low, high, rows)
    return confidences, confidences**2


def expected(reference_rows: int, low: float) -> tuple[Estimate, float]:
    """The estimate for 2 000 rows, and the accuracy that they had."""
    random = np.random.default_rng(reference_rows)
    confidences, chances = answers(random, reference_rows, 0.4, 1.0)
    correct = random.random(reference_rows) < chances
    window, truth = answers(random, 2000, low, low + 0.1)
    found = estimate_accuracy(confidences, correct, window)
    assert found is not None
    return found, float(truth.mean())


@pytest.mark.parametrize(("reference_rows", "tolerance"), [(150, 0.1), (400, 0.07), (20_000, 0.02)])
@pytest.mark.parametrize("low", [0.5, 0.7, 0.9])
def test_the_accuracy_is_what_such_confidences_were_worth(
    reference_rows: int, tolerance: float, low: float
) -> None:
    found, truth = expected(reference_rows, low)
    assert found.expected == pytest.approx(truth, abs=tolerance)
    assert (found.metric, found.rows, found.reference_rows) == ("accuracy", 2000, reference_rows)


def test_a_model_that_is_much_less_sure_is_warned_of_and_one_that_is_surer_is_not() -> None:
    assert expected(20_000, 0.5)[0].warns
    assert not expected(20_000, 0.9)[0].warns


def test_unchanged_rows_are_seldom_warned_of() -> None:
    random = np.random.default_rng(3)
    warned = 0
    for _ in range(200):
        confidences, chances = answers(random, 150, 0.4, 1.0)
        found = estimate_accuracy(
            confidences, random.random(150) < chances, answers(random, 100, 0.4, 1.0)[0]
        )
        warned += found is not None and found.warns
    assert warned <= 2


def test_a_model_that_was_always_right_is_expected_to_be() -> None:
    sure = np.full(100, 1.0)
    found = estimate_accuracy(sure, np.ones(100, dtype=bool), sure)
    assert found is not None
    assert found.expected == pytest.approx(1.0, abs=0.02)
    assert not found.warns


def test_errors_are_those_of_predictions_nearby() -> None:
    random = np.random.default_rng(4)
    predictions = random.uniform(0, 10, 5000)
    errors = np.abs(random.normal(0, 1 + predictions))
    near, far = random.uniform(0, 2, 500), random.uniform(8, 10, 500)
    low, high = estimate_error(predictions, errors, near), estimate_error(predictions, errors, far)
    assert low is not None
    assert high is not None
    assert low.expected == pytest.approx(0.798 * 2, rel=0.15)
    assert high.expected == pytest.approx(0.798 * 10, rel=0.15)
    assert (low.warns, high.warns) == (False, True)


def test_too_few_rows_give_no_estimate() -> None:
    few, many = np.full(29, 0.9), np.full(100, 0.9)
    assert estimate_accuracy(few, few > 0, many) is None
    assert estimate_accuracy(many, many > 0, few) is None
    assert estimate_error(few, few, many) is None
