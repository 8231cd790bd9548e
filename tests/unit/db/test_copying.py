"""The binary form that rows travel in."""

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from sqlalchemy import BigInteger, Boolean, Double, Integer, Text

from db.copying import UnstorableValueError, encode_rows, wire_type


def test_a_row_is_a_field_count_and_lengths_with_values() -> None:
    encoded = encode_rows([np.array([7]), np.array([1.5]), np.array([b"live"])], [">i4", ">f8", "S"])
    assert encoded == struct.pack(">hiiidi4s", 3, 4, 7, 8, 1.5, 4, b"live")


def test_nan_becomes_a_null_without_a_value() -> None:
    encoded = encode_rows([np.array([np.nan, 2.0])], [">f8"])
    assert encoded == struct.pack(">hi", 1, -1) + struct.pack(">hid", 1, 8, 2.0)


def test_nan_becomes_a_null_in_an_integer_column_too() -> None:
    encoded = encode_rows([np.array([3.0, np.nan])], [">i8"])
    assert encoded == struct.pack(">hiq", 1, 8, 3) + struct.pack(">hi", 1, -1)


def test_infinity_and_the_largest_integers_keep_their_value() -> None:
    largest = np.iinfo(np.int64).max
    encoded = encode_rows([np.array([np.inf]), np.array([largest])], [">f8", ">i8"])
    assert encoded == struct.pack(">hidiq", 2, 8, np.inf, 8, largest)


@pytest.mark.parametrize(
    ("column_type", "wire"), [(Double(), ">f8"), (BigInteger(), ">i8"), (Integer(), ">i4"), (Text(), "S")]
)
def test_each_column_type_has_its_form(column_type: object, wire: str) -> None:
    assert wire_type(column_type) == wire  # type: ignore[arg-type]


def test_a_column_type_without_a_form_is_named() -> None:
    with pytest.raises(TypeError, match="Boolean"):
        wire_type(Boolean())


@pytest.mark.parametrize(
    ("array", "wire"),
    [
        (np.array([1, np.inf]), ">i8"),
        (np.array([1, -np.inf]), ">i4"),
        (np.array([1, 2.0**63]), ">i8"),
        (np.array([1, -(2.0**63) - 2048]), ">i8"),
        (np.array([1, 2.0**31]), ">i4"),
        (np.array([1, 0.5]), ">i8"),
        (np.array([1, 2**31]), ">i4"),
        (np.array([1, 2**63], dtype=np.uint64), ">i8"),
    ],
)
def test_what_an_integer_column_would_hold_as_another_number_is_refused_by_name(
    array: npt.NDArray[Any], wire: str
) -> None:
    with pytest.raises(UnstorableValueError, match=r"'b': .* is not a whole number"):
        encode_rows([np.array([1.0, 2.0]), array], [">f8", wire], ["a", "b"])


def test_the_ends_of_what_integer_columns_hold_are_stored() -> None:
    ends = np.array([-(2**63), 2**63 - 1])
    assert encode_rows([ends], [">i8"]) == b"".join(struct.pack(">hiq", 1, 8, end) for end in ends.tolist())
    encoded = encode_rows([np.array([-(2.0**31), 2.0**31 - 1])], [">i4"])
    assert encoded == struct.pack(">hii", 1, 4, -(2**31)) + struct.pack(">hii", 1, 4, 2**31 - 1)


def test_a_moment_that_is_none_is_null() -> None:
    moments = np.array(["2000-01-01T00:00:01", "NaT"], dtype="datetime64[s]")
    assert encode_rows([moments], [">i8"]) == struct.pack(">hiq", 1, 8, 1_000_000) + struct.pack(">hi", 1, -1)


def test_text_that_is_not_bytes_is_refused() -> None:
    with pytest.raises(TypeError, match="takes bytes"):
        encode_rows([np.array(["live"])], ["S"])
