"""What a request's values may not be, however they are nested."""

import math
from typing import Any

import pytest
from pydantic import StrictInt, ValidationError

from fleet.read_models import ReadModel
from fleet.web.validation import Id, IdNumber, RequestModel
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


class Inner(ReadModel):
    count: int = 1


class Whole(RequestModel):
    id: IdNumber | None = None
    count: int = 5
    strict: StrictInt = 5
    several: list[int] = []
    either: dict[str, list[int | float | str]] = {}
    inner: Inner | None = None
    again: Inner = Inner()
    name: Id = "1"
    ratio: float = 1.0


def test_a_whole_number_may_be_written_as_a_float() -> None:
    told = {
        "id": 7.0,
        "count": 2.0,
        "several": [1.0, 2],
        "inner": {"count": 4.0},
        "again": {"count": 5.0},
        "name": 7.0,
    }
    taken = Whole.model_validate(told, strict=True)
    assert (taken.id, taken.count, taken.several) == (7, 2, [1, 2])
    assert (taken.inner, taken.again, taken.name) == (Inner(count=4), Inner(count=5), "7")
    assert isinstance(taken.count, int)


def test_a_float_stays_one_where_it_may_be_one() -> None:
    taken = Whole.model_validate({"either": {"C": [1.0, 2]}, "ratio": 3.0}, strict=True)
    assert [type(value) for value in taken.either["C"]] == [float, int]
    assert isinstance(taken.ratio, float)


@pytest.mark.parametrize(
    "wrong", [{"count": 1.5}, {"strict": 2.0}, {"id": True}, {"id": 2.0**53}, {"several": [1.2]}]
)
def test_what_is_no_whole_number_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="int"):
        Whole.model_validate(wrong, strict=True)
