"""What a request's values may not be, however they are nested."""

import math
from typing import Any

import pytest

from fleet.web.values import MalformedBodyError, check_values


@pytest.mark.parametrize(
    "data",
    [
        [[]] * 3,
        [[1.0, 2], [None, "a"], []],
        [[[[1]]], [[[2]], []]],
        {"rows": [[0.5, 1.5]], "more": [[], {}, "x", [1, "y"]]},
    ],
)
def test_rows_are_taken(data: Any) -> None:
    check_values(data, 4)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([[1.0], [math.inf]], "too large"),
        ([[1.0, [2.0, [math.nan]]], []], "too large"),
        ([[], ["a\0"]], "NUL"),
        ([[{"a": ["\0"]}], []], "NUL"),
        ([[[[[]]]]], "too deeply"),
        ([[], [[[{}]]]], "too deeply"),
        ([[1], [[[["a"]]]]], "too deeply"),
    ],
)
def test_what_is_wrong_is_found_in_any_row(data: Any, said: str) -> None:
    with pytest.raises(MalformedBodyError, match=said):
        check_values(data, 4)


def test_lists_may_be_as_deep_as_told_and_no_deeper() -> None:
    data: list[Any] = [1]
    for depth in range(2, 6):
        data = [data]
        check_values(data, depth)
        with pytest.raises(MalformedBodyError, match="too deeply"):
            check_values(data, depth - 1)
