"""How well predictions fit what is known, in figures and in words."""

import numpy as np
import pytest
from sklearn.metrics import r2_score

from db.definition import Task
from ml_model.service.scores import compute_metrics, describe

TARGET = np.array([100.0, 200.0, np.nan, 300.0])
PREDICTED = np.array([110.0, 190.0, 999.0, 330.0])


def test_a_regression_is_judged_by_its_labelled_rows() -> None:
    metrics = compute_metrics(Task.REGRESSION, TARGET, PREDICTED)
    assert list(metrics) == ["mae", "rmse", "r2", "max_error"]
    assert metrics["mae"] == pytest.approx(50 / 3)
    assert metrics["rmse"] == pytest.approx(np.sqrt((100 + 100 + 900) / 3))
    assert metrics["r2"] == r2_score([100, 200, 300], [110, 190, 330])
    assert metrics["max_error"] == 30
    assert describe(Task.REGRESSION, metrics) == "R² 0.94, MAE 16.7"


def test_one_labelled_row_has_no_r2() -> None:
    metrics = compute_metrics(Task.REGRESSION, TARGET[:1], PREDICTED[:1])
    assert metrics == {"mae": 10, "rmse": 10, "max_error": 10}
    assert describe(Task.REGRESSION, metrics) == "R² unknown, as it takes two samples, MAE 10.0"


def test_numbers_whose_squares_are_infinite_have_their_metrics() -> None:
    target = np.linspace(-3e301, 3e301, 20)
    metrics = compute_metrics(Task.REGRESSION, target, 0.9 * target)
    small = compute_metrics(Task.REGRESSION, target / 1e301, 0.9 * target / 1e301)
    assert metrics["r2"] == pytest.approx(small["r2"])
    for name in ("mae", "rmse", "max_error"):
        assert metrics[name] == pytest.approx(small[name] * 1e301)


def test_an_error_that_no_number_can_be_is_left_out() -> None:
    target = np.array([1.7e308, -1.7e308])
    metrics = compute_metrics(Task.REGRESSION, target, -target)
    assert metrics == {"r2": pytest.approx(-3)}
    assert describe(Task.REGRESSION, metrics) == "R² -3.00, MAE beyond all numbers"


@pytest.mark.parametrize("task", Task)
def test_without_targets_there_are_no_metrics(task: Task) -> None:
    metrics = compute_metrics(task, np.full(3, np.nan), np.zeros(3))
    assert (metrics, describe(task, metrics)) == ({}, "unknown, as no sample has a target")


def test_small_errors_keep_their_digits() -> None:
    metrics = {"r2": -0.5, "mae": 0.01234}
    assert describe(Task.REGRESSION, metrics) == "R² -0.50, MAE 0.0123"
