"""What is read of a CSV file, and how people are told what is wrong in it."""

import numpy as np
import pytest

from fleet.csv_rows import CsvError
from simulator.service.csv_table import CsvTable

HEADER = "id,minutes,cup,at\n"


def table(*rows: str, header: str = HEADER, columns: tuple[str, ...] = ("minutes", "cup", "at")) -> CsvTable:
    filler = [f"{number},{number},blue,2026-01-{number + 1:02}" for number in range(10)]
    return CsvTable((header + "\n".join([*rows, *filler])).encode(), columns)


def test_numbers_are_read_and_empty_ones_are_missing() -> None:
    found = table("0,1.5e1,,2026-01-01", "1,,,2026-01-01").numbers("minutes")
    np.testing.assert_array_equal(found[:4], [15, np.nan, 0, 1])


def test_texts_are_what_they_are_and_never_taken_for_a_missing_value() -> None:
    found = table("0,1,NA,x", '1,1,"a, ""b""",x', "2,1,None,x", "3,1,,x").names("cup")
    assert found[:4] == ["NA", 'a, "b"', "None", ""]


@pytest.mark.parametrize("text", ["abc", "1,5".replace(",", ";"), "inf", "nan", "0x1F", "1e999", " "])
def test_what_is_no_number_is_told_by_row_and_column(text: str) -> None:
    with pytest.raises(CsvError, match=r"row 2, column 'minutes': .* is not a number"):
        table("0,1,x,x", f"1,{text},x,x").numbers("minutes")


def test_several_bad_rows_are_counted() -> None:
    with pytest.raises(CsvError, match=r"row 1, .*\(3 such rows\)"):
        table("0,a,x,x", "0,b,x,x", "0,c,x,x").numbers("minutes")


def test_a_fraction_is_no_whole_number() -> None:
    with pytest.raises(CsvError, match=r"row 1, column 'minutes': '1\.5' is not a whole number"):
        table("0,1.5,x,x").numbers("minutes", whole=True)


@pytest.mark.parametrize(("text", "classes"), [("", False), ("", True), ("-1", True), ("3000000000", True)])
def test_every_row_needs_a_target(text: str, classes: bool) -> None:
    with pytest.raises(CsvError, match="row 1, column 'minutes'"):
        table(f"0,{text},x,x").targets("minutes", classes=classes)


def test_moments_are_ordered_whether_they_are_times_or_numbers() -> None:
    times = table("0,1,x,2020-05-01T10:00:00", "1,1,x,2020-05-01 09:00").moments("at")
    assert np.argsort(times, kind="stable")[:2].tolist() == [1, 0]
    numbers = table(*(f"0,{number},x,{100 - number}" for number in range(3)), columns=("minutes",))
    assert np.argsort(numbers.moments("minutes"), kind="stable")[0] == 0


def test_what_is_no_moment_is_told_by_row_and_column() -> None:
    with pytest.raises(CsvError, match="row 1, column 'at': '31/01/2026' is neither a time"):
        table("0,1,x,31/01/2026").moments("at")


def test_numbers_are_what_the_text_says_to_the_last_digit() -> None:
    random = np.random.default_rng(42)
    numbers = [
        *random.standard_normal(200),
        *(random.standard_normal(200) * 10.0 ** random.integers(-300, 300, 200)),
    ]
    found = table(*(f"0,{number!r},x,x" for number in map(float, numbers))).numbers("minutes")
    assert found[:400].tolist() == numbers


@pytest.mark.parametrize(
    "text", ["9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775808", "1e300"]
)
def test_whole_numbers_that_doubles_skip_are_refused_by_row_and_column(text: str) -> None:
    with pytest.raises(CsvError, match=r"row 2, column 'minutes': .* within ±9007199254740991"):
        table("0,1,x,x", f"0,{text},x,x").numbers("minutes", whole=True)
    largest = table("0,9007199254740991,x,x").numbers("minutes", whole=True)
    assert largest[0] == 2**53 - 1


@pytest.mark.parametrize("text", ["1_000", "1__0", "nan", "-nan", "infinity", "1e400", "True", "½"])
def test_what_only_python_takes_for_a_number_is_none(text: str) -> None:
    with pytest.raises(CsvError, match=r"row 1, column 'minutes': .* is not a number"):
        table(f"0,{text},x,x").numbers("minutes")


def test_moments_that_doubles_cannot_tell_apart_are_ordered() -> None:
    nanoseconds = [f"0,{1_700_000_000_000_000_000 - number},x,x" for number in range(3)]
    assert np.argsort(table(*nanoseconds).moments("minutes")[:3], kind="stable").tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("0,1,x", r"row 2 has 3 cells, the header 4"),
        ("0", r"row 2 has 1 cell, the header 4"),
        ("r1,0,1,x,x", r"row 2 has 5 cells, the header 4: if the first column holds names of rows"),
        ("0,5,1,5,x,x", r"row 2 has 6 cells, the header 4: put a cell that holds a comma between"),
        ("0,1,x,x,", r"row 2 has 5 cells, the header 4"),
    ],
)
@pytest.mark.parametrize("columns", [("minutes",), ("minutes", "cup", "at")])
def test_a_row_of_another_width_than_the_header_is_refused(
    row: str, told: str, columns: tuple[str, ...]
) -> None:
    with pytest.raises(CsvError, match=told):
        table("0,1,x,x", row, columns=columns)


def test_a_row_of_another_width_is_found_far_down_too() -> None:
    content = "minutes,cup\n" + "1,x\n" * 25_000 + "\n1\n"
    with pytest.raises(CsvError, match="row 25001 has 1 cell, the header 2"):
        CsvTable(content.encode(), ("minutes",))


def test_a_column_that_is_read_has_one_place() -> None:
    with pytest.raises(CsvError, match="its header names 'cup' 2 times"):
        table(header="minutes,cup,cup,at\n")
    assert len(table(header="minutes,id,id,at\n", columns=("minutes", "at"))) == 10


def test_columns_without_a_name_are_passed_over() -> None:
    rows = "\n".join(f'"{number}",{number}.5,' for number in range(10))
    found = CsvTable(('"",minutes,\n' + rows).encode(), ("minutes",)).numbers("minutes")
    assert found.tolist() == [number + 0.5 for number in range(10)]


def test_blank_lines_are_passed_over_and_line_ends_in_cells_are_not() -> None:
    rows = "".join(f'{number},"a\r\n\nb"\r\n\r\n' for number in range(10))
    found = CsvTable(("minutes,cup\r\n" + rows).encode(), ("minutes", "cup"))
    assert found.numbers("minutes").tolist() == list(range(10))
    assert set(found.names("cup")) == {"a\r\n\nb"}


@pytest.mark.parametrize(("delimiter", "called"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_another_delimiter_is_told(delimiter: str, called: str) -> None:
    for cells in (["minutes", "cup"], ['"minutes"', '"cup"']):
        content = "\n".join([delimiter.join(cells), *[delimiter.join("12")] * 10])
        with pytest.raises(CsvError, match=f"seem to be separated by {called}"):
            CsvTable(content.encode(), ("minutes",))


def test_a_missing_column_is_named_with_those_that_there_are() -> None:
    with pytest.raises(CsvError, match="no column 'milk'; it has 'id', 'minutes', 'cup', 'at'"):
        table(columns=("minutes", "milk"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"minutes\n1\n2\n", "2 rows; at least 10"),
        (b"minutes\n" + b"\xff\n" * 20, "not text in UTF-8"),
        (b'minutes\n"1\n2\n', "not a CSV file"),
        (b'minutes\n"1"2\n', "not a CSV file: line 2"),
        (b"minutes\n1\n1\0\n", "line 3 holds a NUL"),
        (b"minutes\n" + b"1" * 200_000, "not a CSV file: line 2"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(CsvError, match=reason):
        CsvTable(content, ("minutes",))


def test_the_mark_that_spreadsheets_put_in_front_is_passed_over() -> None:
    content = "\ufeffminutes\n" + "1\n" * 10
    assert len(CsvTable(content.encode(), ("minutes",))) == 10
