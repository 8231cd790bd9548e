"""Named columns as the matrix that models take."""

from typing import Any

import numpy as np
import pytest

from db.definition import Feature, FeatureType, Task, UseCase
from ml_model.service.live.table import Columns, Table, UnusableRowsError, UnusableValueError

HOUSES = UseCase(
    name="houses",
    task=Task.REGRESSION,
    target="price",
    features=(Feature(name="area"), Feature(name="rooms", type=FeatureType.INTEGER)),
)


@pytest.fixture
def columns() -> Columns:
    return Columns(HOUSES)


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize(
    "table",
    [
        ([[1.5, 2], [None, 3]], None),
        ([[2, 1.5], [3, None]], ["rooms", "area"]),
        ([{"rooms": 2, "area": 1.5}, {"area": None, "rooms": 3}], None),
    ],
)
def test_columns_are_put_into_the_use_cases_order(columns: Columns, table: Any, *, numbers: bool) -> None:
    rows, names = table
    for _ in range(2):
        matrix = columns.matrix(Table(rows, names, numbers))
        assert matrix.flags.c_contiguous
        np.testing.assert_array_equal(matrix, [[1.5, 2], [np.nan, 3]])


@pytest.mark.parametrize("value", [1.5, 2**53, 2**53 + 1, -(2**53) - 1, 2**53 + 2, -(2.0**60)])
def test_an_integer_column_takes_integers_that_doubles_can_tell_apart(columns: Columns, value: float) -> None:
    with pytest.raises(UnusableValueError, match="'rooms' of row 1"):
        columns.matrix(Table([[1, 2], [1, value]], numbers=True))


@pytest.mark.parametrize(
    ("rows", "names", "words"),
    [
        ([[1, 2]], ["area", "size"], "'rooms' is missing"),
        ([[1, 2, 3]], ["area", "rooms", "size"], "no column 'size'"),
        ([[1, 2, 3]], ["area", "rooms", "rooms"], "'rooms' is named twice"),
        ([[1, 2], {"area": 1, "rooms": 2}], None, "Row 1 is not a list"),
        ([{"area": 1, "rooms": 2}, [1, 2]], None, "Row 1 is not an object"),
        (["12"], None, "Row 0 is not a list"),
        ([[1, 2], [1]], None, "Row 1 has 1 values"),
    ],
)
def test_what_does_not_fit_is_said(columns: Columns, rows: Any, names: Any, words: str) -> None:
    with pytest.raises(UnusableRowsError, match=words):
        columns.matrix(Table(rows, names))


def test_a_text_is_no_number(columns: Columns) -> None:
    with pytest.raises(UnusableValueError, match="'area' of row 0 is '1', which is no number"):
        columns.matrix(Table([["1", 2]]))


FIRES = UseCase(
    name="fires",
    task=Task.REGRESSION,
    target="seconds",
    features=(
        Feature(name="distance"),
        Feature(name="station", type=FeatureType.CATEGORY, categories=("Acton", "Barnet", "Soho")),
    ),
)


@pytest.mark.parametrize(
    "table",
    [
        Table([[1.5, "Soho"], [2, None], [3, "Paris"], [4, ""]]),
        Table([["Soho", 1.5], [None, 2], ["Paris", 3], ["", 4]], ["station", "distance"]),
        Table(
            [
                {"station": name, "distance": far}
                for far, name in [(1.5, "Soho"), (2, None), (3, "x"), (4, "")]
            ]
        ),
    ],
)
def test_categories_are_positions_and_unlisted_names_are_missing(table: Table) -> None:
    np.testing.assert_array_equal(
        Columns(FIRES).matrix(table), [[1.5, 2], [2, np.nan], [3, np.nan], [4, np.nan]]
    )


@pytest.mark.parametrize("numbers", [True, False])
@pytest.mark.parametrize("cell", [2, 1.0])
def test_a_categorys_position_is_not_its_name(*, cell: float, numbers: bool) -> None:
    with pytest.raises(UnusableValueError, match="'station' of row 1 is a number, which is no name"):
        Columns(FIRES).matrix(Table([[1, None], [1, cell]], None, numbers))


def test_a_category_column_of_nulls_may_come_as_numbers() -> None:
    np.testing.assert_array_equal(
        Columns(FIRES).matrix(Table([[1, None]], None, numbers=True)), [[1, np.nan]]
    )


LONG = "é" * 10_000


@pytest.mark.parametrize("free", [True, False])
@pytest.mark.parametrize("name", ["Paris", "  ", "soho", 'O\'Shea "x"\n\t\\N', "🚒", "+33", "=1", LONG])
def test_an_unlisted_name_is_told_as_it_was_sent(name: str, *, free: bool) -> None:
    columns = Columns(FIRES)
    tables = [
        Table([[1.5, "Soho"], [2, name], [3, None]], None, free=free),
        Table([["Soho", 1.5], [name, 2], [None, 3]], ["station", "distance"], free=free),
        Table(
            [
                {"station": "Soho", "distance": 1.5},
                {"distance": 2, "station": name},
                {"distance": 3, "station": ""},
            ],
            free=free,
        ),
    ]
    for table in tables:
        matrix = columns.matrix(table)
        np.testing.assert_array_equal(matrix, [[1.5, 2], [2, np.nan], [3, np.nan]])
        assert columns.unlisted(table, matrix) == {"station": {1: name[:200]}}


def test_a_word_for_missing_is_no_name_where_words_are_read_as_pandas_does() -> None:
    columns, rows = Columns(FIRES), [[1.5, "NA"]]
    for free, unlisted in ((True, {}), (False, {"station": {0: "NA"}})):
        table = Table(rows, free=free)
        assert columns.unlisted(table, columns.matrix(table)) == unlisted


@pytest.mark.parametrize(("name", "words"), [("a\0b", "holds a NUL"), ("a\ud83d", "holds a lone surrogate")])
@pytest.mark.parametrize("free", [True, False])
def test_a_name_that_no_text_can_hold_is_refused(name: str, words: str, *, free: bool) -> None:
    with pytest.raises(UnusableValueError, match=f"'station' of row 1 {words}"):
        Columns(FIRES).matrix(Table([[1, "Soho"], [1, name]], free=free))


def test_numbers_have_no_unlisted_names(columns: Columns) -> None:
    table = Table([[1.5, 2], [None, 3]], None, numbers=True)
    assert columns.unlisted(table, columns.matrix(table)) == {}
