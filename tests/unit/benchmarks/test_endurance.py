"""What the endurance benchmark takes for a fault."""

import numpy as np
import pytest

from tests.benchmarks.endurance import CLIENTS, Endured, Said, faults_of, unsteady


def test_an_answer_of_the_same_class_by_another_model_is_wrong() -> None:
    said = Said([0, 1], np.array([[0.9, 0.1], [0.2, 0.8]]))
    right = {"predictions": [1], "probabilities": [[0.2, 0.8 + 1e-12]]}
    assert said.agrees(1, right)
    assert not said.agrees(1, {**right, "probabilities": [[0.3, 0.7]]})
    assert not said.agrees(1, {**right, "probabilities": None})
    assert not said.agrees(0, right)
    assert Said([0, 1], None).agrees(1, {**right, "probabilities": None})
    assert not Said([0, 1], None).agrees(1, right)


@pytest.mark.parametrize(
    ("memory", "wrong"),
    [
        ([1, 50, 100, 103, 98, 100], []),
        ([100, 100, 100, 100, 100, 106], [106]),
        ([100, 100, 94, 100, 100, 100], [94]),
        ([], []),
    ],
)
def test_memory_may_hardly_change_once_it_is_warm(memory: list[int], wrong: list[int]) -> None:
    assert unsteady(memory) == wrong


def test_what_is_not_as_it_should_be_is_told() -> None:
    endured = Endured(answered=[(1, 10.0), (2, 99.5)])
    assert faults_of(endured, {1, 2}) == []
    assert faults_of(endured, {1}) == ["1 answers were not stored"]
    assert faults_of(endured, {1}, killed=100.0) == []
    assert faults_of(endured, {2}, killed=100.0) == ["1 answers were not stored"]
    endured.failures += ["ConnectionError"] * CLIENTS
    assert faults_of(endured, {1, 2}, killed=100.0) == []
    assert faults_of(endured, {1, 2}) == [f"{CLIENTS} requests failed"]
    assert faults_of(Endured(), set()) == ["nothing was answered"]
