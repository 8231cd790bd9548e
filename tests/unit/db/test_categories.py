"""Categories in arrays."""

import numpy as np
import pytest
from pydantic import ValidationError

from db.categories import MOST_ROWS, rows_at_once, to_matrix, to_names, to_positions, with_unlisted
from db.definition import Feature, FeatureType, UseCase

STATIONS = ("Acton", "Soho", "Tōōting")


def test_a_name_is_its_position_and_what_is_missing_or_unknown_is_nan() -> None:
    found = to_positions(STATIONS, ["Soho", None, "", "Paris", "Acton", "acton"])
    np.testing.assert_array_equal(found, [1, np.nan, np.nan, np.nan, 0, np.nan])


def test_positions_become_names_again_and_nan_an_empty_one() -> None:
    names = to_names(STATIONS, np.array([2.0, np.nan, 0.0]))
    assert [name.decode() for name in names] == ["Tōōting", "", "Acton"]


def test_names_that_are_in_no_list_go_on_with_it() -> None:
    positions = np.array([2.0, np.nan, np.nan, np.nan, 0.0])
    names, complete = with_unlisted(STATIONS, positions, {1: "Paris", 3: "東京", 2: "Paris"})
    told = ["Tōōting", "Paris", "Paris", "東京", "Acton"]
    assert [name.decode() for name in to_names(names, complete)] == told
    np.testing.assert_array_equal(positions, [2, np.nan, np.nan, np.nan, 0])


def test_names_are_no_wider_than_the_longest_among_them() -> None:
    names = ("Acton", "x" * 200)
    assert to_names(names, np.array([0.0, np.nan])).itemsize == len("Acton")
    assert to_names(names, np.array([0.0, 1.0])).itemsize == 200


def test_rows_are_encoded_in_blocks_that_do_not_grow_with_their_columns() -> None:
    numbers = [Feature(name=f"x{number}") for number in range(13)]
    names = [Feature(name=f"x{number}", type=FeatureType.CATEGORY) for number in range(90)]
    assert rows_at_once(numbers) == MOST_ROWS
    assert 0 < rows_at_once(names) * 90 * 800 <= 2**24


def test_no_rows_have_no_names() -> None:
    assert to_names(STATIONS, np.empty(0)).tolist() == []
    assert to_positions(STATIONS, []).tolist() == []


def test_columns_by_name_become_one_matrix_in_the_order_of_the_features() -> None:
    features = [
        Feature(name="distance"),
        Feature(name="station", type=FeatureType.CATEGORY, categories=STATIONS),
    ]
    matrix = to_matrix(features, {"station": ["Soho", "Mars"], "distance": [1.5, None]})
    np.testing.assert_array_equal(matrix, [[1.5, 1], [np.nan, np.nan]])


@pytest.mark.parametrize(
    "feature",
    [
        {"name": "x", "type": "number", "categories": ["a"]},
        {"name": "x", "type": "category", "categories": ["a", "a"]},
        {"name": "x", "type": "category", "categories": [""]},
        {"name": "x", "type": "category", "categories": ["a\nb"]},
        {"name": "x", "type": "category", "categories": [str(number) for number in range(1001)]},
    ],
)
def test_a_list_of_categories_that_cannot_be_is_refused(feature: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Feature.model_validate(feature)


def test_a_use_case_says_how_many_categories_each_feature_has_and_whether_all_are_listed() -> None:
    def use_case(*categories: str) -> UseCase:
        station = {"name": "station", "type": "category", "categories": categories}
        about = {"name": "fire", "task": "regression", "target": "seconds"}
        return UseCase.model_validate({**about, "features": [{"name": "distance"}, station]})

    assert use_case("a", "b").category_counts == (0, 2)
    assert use_case("a", "b").lists_categories
    assert not use_case().lists_categories
