"""Tokens of pages."""

from datetime import UTC, datetime

import pytest

from fleet.paging import InvalidPageTokenError, Key, make_token, read_token

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("keys", [[1], [NOON, 7], ["a/b", -1], [2**63 - 1]])
def test_a_token_holds_where_a_page_ended(keys: list[Key]) -> None:
    token = make_token(keys)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert read_token(token, [type(key) for key in keys]) == keys


@pytest.mark.parametrize(
    "token", ["", "x", "é", "W10", "eyJhIjoxfQ", "WzEsMl0", "WyIxIl0", "W3RydWVd", "WzFlM10", "[1]"]
)
def test_any_other_text_is_refused(token: str) -> None:
    with pytest.raises(InvalidPageTokenError):
        read_token(token, [int])


def test_a_number_that_no_row_has_is_refused() -> None:
    with pytest.raises(InvalidPageTokenError):
        read_token(make_token([2**63]), [int])


@pytest.mark.parametrize("key", ["a\0", "\ud800"])
def test_a_text_that_no_row_has_is_refused(key: str) -> None:
    with pytest.raises(InvalidPageTokenError):
        read_token(make_token([key]), [str])


def test_a_deep_token_is_refused() -> None:
    with pytest.raises(InvalidPageTokenError):
        read_token("W1tb" * 100_000, [int])
