"""What is read of a CSV file, and how people are told what is wrong in it."""

import numpy as np
import pytest

from simulator.service.csv_table import CsvError, CsvTable

HEADER = "id,minutes,cup,at\n"


def table(*rows: str, header: str = HEADER, columns: tuple[str, ...] = ("minutes", "cup", "at")) -> CsvTable:
    filler = [f"{number},{number},blue,2026-01-{number + 1:02}" for number in range(10)]
    return CsvTable((header + "\n".join([*rows, *filler])).encode(), columns)


def test_numbers_are_read_and_empty_ones_are_missing() -> None:
    found = table("0,1.5e1,,2026-01-01", "1,,,2026-01-01").numbers("minutes")
    np.testing.assert_array_equal(found[:4], [15, np.nan, 0, 1])


def test_texts_are_what_they_are_and_never_taken_for_a_missing_value() -> None:
    found = table("0,1,NA,x", '1,1,"a, ""b""",x', "2,1,None,x", "3,1").names("cup")
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
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(CsvError, match=reason):
        CsvTable(content, ("minutes",))


def test_the_mark_that_spreadsheets_put_in_front_is_passed_over() -> None:
    content = "\ufeffminutes\n" + "1\n" * 10
    assert len(CsvTable(content.encode(), ("minutes",))) == 10
