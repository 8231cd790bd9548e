"""The rows of a use case from a CSV file."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from fleet.csv_rows import CsvError
from simulator.persistence.model.simulated_use_case import CsvSource, SimulatedUseCase
from simulator.service.known_use_cases import OpenedUseCase, open_file

ROWS = 20


def tea(**changes: Any) -> SimulatedUseCase:
    about: dict[str, Any] = {
        "name": "tea",
        "task": "regression",
        "target": "minutes",
        "source": {"kind": "csv", "file": "tea.csv", "target_column": "Minutes", "columns": {"cup": "Cup"}},
        "features": [{"name": "heat"}, {"name": "cup", "type": "category"}],
    }
    return SimulatedUseCase.model_validate({**about, **changes})


def csv(cups: tuple[str, ...] = ("red", "blue", "")) -> bytes:
    """Row n is n degrees hot, takes 2 n minutes, was made at n modulo 7, and is in one of three sets."""
    sets = ["training", "testing", "production"]
    lines = [f"{2 * row},{row},{cups[row % len(cups)]},{row * 3 % 7},{sets[row % 3]}" for row in range(ROWS)]
    return "\n".join(["Minutes,heat,Cup,made,part", *lines]).encode()


def opened(use_case: SimulatedUseCase, content: bytes, known: Any = None) -> OpenedUseCase:
    assert isinstance(use_case.source, CsvSource)
    return open_file(use_case, use_case.source, content, known)


def test_the_row_number_is_the_index_and_a_category_its_position_in_sorted_order() -> None:
    found = opened(tea(), csv())
    assert found.use_case.features[1].categories == ("blue", "red")
    rows = found.divided.source.rows(np.array([3, 4, 5]))
    np.testing.assert_array_equal(rows.features, [[3, 1], [4, 0], [5, np.nan]])
    np.testing.assert_array_equal(rows.target, [6, 8, 10])


def test_listed_categories_stay_and_others_are_missing() -> None:
    listed = [{"name": "cup", "type": "category", "categories": ["red", "green"]}]
    found = opened(tea(features=listed), csv())
    rows = found.divided.source.rows(np.arange(3))
    np.testing.assert_array_equal(rows.features[:, 0], [0, np.nan, np.nan])


def test_registered_categories_stay_when_a_new_file_has_others() -> None:
    before = opened(tea(), csv()).use_case.definition
    after = opened(tea(), csv(("red", "yellow")), before)
    assert after.use_case.definition == before


def test_random_sets_are_those_of_every_other_source() -> None:
    sets = opened(tea(), csv()).divided.sets
    assert {name: len(rows) for name, rows in sets.items()} == {"training": 12, "testing": 4, "production": 4}
    assert sorted(np.concatenate(list(sets.values())).tolist()) == list(range(ROWS))


def test_by_time_the_oldest_train_and_the_newest_are_production() -> None:
    sets = opened(tea(split={"kind": "time", "column": "made"}), csv()).divided.sets
    age = np.arange(ROWS) * 3 % 7
    assert {name: len(rows) for name, rows in sets.items()} == {"training": 12, "testing": 4, "production": 4}
    assert age[sets["training"]].max() <= age[sets["testing"]].min()
    assert age[sets["testing"]].max() <= age[sets["production"]].min()
    assert (np.diff(age[sets["training"]]) >= 0).all()


def test_a_column_of_set_names_is_taken_as_it_is() -> None:
    sets = opened(tea(split={"kind": "column", "column": "part"}), csv()).divided.sets
    assert sets["testing"].tolist() == [1, 4, 7, 10, 13, 16, 19]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((b"training", b"practice"), "row 1, column 'part': 'practice' is none of training"),
        ((b"production", b"testing"), "no row into production"),
    ],
)
def test_a_column_of_other_names_is_refused(change: tuple[bytes, bytes], reason: str) -> None:
    with pytest.raises(CsvError, match=reason):
        opened(tea(split={"kind": "column", "column": "part"}), csv().replace(*change))


def test_classes_are_stratified_by_and_a_rare_one_is_refused() -> None:
    content = csv().replace(b"\n38,", b"\n40,")
    classes = tea(task="classification")
    with pytest.raises(CsvError, match="rows cannot be divided"):
        opened(classes, content)


def test_categories_that_no_row_has_are_refused() -> None:
    listed = [{"name": "cup", "type": "category", "categories": ["Red", "Blue"]}]
    with pytest.raises(CsvError, match="no row of column 'Cup' has one of the categories of 'cup'"):
        opened(tea(features=listed), csv())


def test_a_column_without_names_has_no_categories() -> None:
    with pytest.raises(CsvError, match="column 'Cup' is empty"):
        opened(tea(), csv(("",)))


@pytest.mark.parametrize(
    "changes",
    [
        {"source": {"kind": "csv", "file": "../tea.csv", "target_column": "x"}},
        {"source": {"kind": "csv", "file": "/etc/passwd", "target_column": "x"}},
        {"source": {"kind": "csv", "file": "tea.csv", "target_column": "x", "columns": {"milk": "y"}}},
        {"source": {"kind": "synthetic", "rows": 100}},
        {
            "source": {"kind": "synthetic", "rows": 100},
            "features": [{"name": "heat"}],
            "split": {"kind": "time"},
        },
        {"split": {"kind": "time"}},
        {"split": {"kind": "weekday", "column": "x"}},
    ],
)
def test_a_definition_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tea(**changes)
