"""Values as JSON knows them."""

import json
from enum import Enum

import numpy as np

from monitoring.utils.json_values import json_value


class Colour(Enum):
    RED = "red"


def test_numpy_enums_and_what_is_not_a_number_become_json() -> None:
    value = {
        np.int64(1): [np.float64(0.5), np.nan, float("inf")],
        Colour.RED: (np.array([1]), np.bool_(True), None),
    }
    expected = '{"1": [0.5, null, null], "red": [[1], true, null]}'
    assert json.dumps(json_value(value), allow_nan=False) == expected


def test_anything_else_becomes_text() -> None:
    assert json_value([object]) == ["<class 'object'>"]
