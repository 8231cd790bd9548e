"""Dividing rows into the three sets."""

import numpy as np
import pytest
from sklearn.datasets import load_wine

from db.definition import Task
from simulator.service.splitter import split_rows


def test_wine_is_split_into_106_36_and_36() -> None:
    sets = split_rows(load_wine().target, Task.CLASSIFICATION)
    assert {name: len(index) for name, index in sets.items()} == {
        "training": 106,
        "testing": 36,
        "production": 36,
    }


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("rows", [50, 101, 1000])
def test_every_row_lands_in_one_set(task: Task, rows: int) -> None:
    sets = split_rows((np.arange(rows) % 3).astype(np.float64), task)
    assert sorted(np.concatenate(list(sets.values())).tolist()) == list(range(rows))


def test_classes_are_spread_evenly() -> None:
    target = np.repeat([0.0, 1.0], [900, 100])
    for index in split_rows(target, Task.CLASSIFICATION).values():
        assert target[index].mean() == pytest.approx(0.1)


def test_a_number_to_predict_needs_no_classes() -> None:
    target = np.random.default_rng(0).normal(size=100)
    assert len(split_rows(target, Task.REGRESSION)["training"]) == 60


def test_the_split_is_always_the_same() -> None:
    target = (np.arange(100) % 2).astype(np.float64)
    first, second = (split_rows(target, Task.CLASSIFICATION) for _ in range(2))
    for name, index in first.items():
        np.testing.assert_array_equal(second[name], index)
