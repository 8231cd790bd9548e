"""Dividing rows into the three sets."""

import numpy as np
import pytest
from sklearn.datasets import load_wine

from simulator.service.splitter import split_rows


def test_wine_is_split_into_106_36_and_36() -> None:
    sets = split_rows(178, load_wine().target)
    assert {name: len(index) for name, index in sets.items()} == {
        "training": 106,
        "testing": 36,
        "production": 36,
    }


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize("rows", [50, 101, 1000])
def test_every_row_lands_in_one_set(classes: int | None, rows: int) -> None:
    sets = split_rows(rows, np.arange(rows) % classes if classes else None)
    assert sorted(np.concatenate(list(sets.values())).tolist()) == list(range(rows))


def test_classes_are_spread_evenly() -> None:
    classes = np.repeat([0, 1], [900, 100])
    for index in split_rows(1000, classes).values():
        assert classes[index].mean() == pytest.approx(0.1)


def test_a_number_to_predict_needs_no_classes() -> None:
    assert len(split_rows(100, None)["training"]) == 60


def test_the_split_is_always_the_same() -> None:
    first, second = (split_rows(100, np.arange(100) % 2) for _ in range(2))
    for name, index in first.items():
        np.testing.assert_array_equal(second[name], index)
