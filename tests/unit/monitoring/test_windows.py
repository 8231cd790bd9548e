"""A window is named in one of three ways, and in no other."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from monitoring.persistence.model.window import Between, LastRows, Numbered, Window
from monitoring.web.schema import JudgeRequest

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def asked(**fields: Any) -> JudgeRequest:
    return JudgeRequest.model_validate({"metric": "summary", **fields}, strict=True)


@pytest.mark.parametrize(
    ("window", "meant"),
    [
        ({"last": 100}, LastRows(100)),
        ({"since": "2026-01-31T12:00:00Z"}, Between(NOON, None)),
        ({"until": "2026-01-31T13:00:00+01:00"}, Between(None, NOON)),
        ({"since": "2026-01-31T12:00:00Z", "until": "2026-01-31T12:00:00Z"}, Between(NOON, NOON)),
        ({"rows": [5, 9]}, Numbered(5, 9)),
    ],
)
def test_a_window_has_three_forms_as_a_reference_too(window: dict[str, Any], meant: Window) -> None:
    assert asked(window=window).chosen_window() == meant
    assert asked(reference={"window": window}).chosen_reference() == meant


def test_each_metric_has_its_own_window_and_reference_unless_they_are_named() -> None:
    assert (asked().chosen_window(), asked().chosen_reference()) == (None, None)
    assert asked(reference="training").chosen_reference() == "training"


@pytest.mark.parametrize(
    ("window", "why"),
    [
        ({}, "give"),
        ({"last": 3, "rows": [1, 2]}, "give"),
        ({"last": 0}, "greater than or equal to 1"),
        ({"rows": [9, 5]}, "ends before it begins"),
        ({"rows": [9]}, "at least 2"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "after 'until'"),
        ({"since": "2026-02-01T00:00:00"}, "timezone"),
        ({"first": 3}, "first"),
    ],
)
def test_another_window_is_refused_with_the_reason(window: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        asked(window=window)


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(ValidationError, match="training"):
        asked(reference="production")
