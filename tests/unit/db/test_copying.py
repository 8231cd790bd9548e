"""The binary form that rows travel in."""

import struct

import numpy as np
import pytest
from sqlalchemy import BigInteger, Boolean, Double, Integer, Text

from db.copying import encode_rows, wire_type


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
