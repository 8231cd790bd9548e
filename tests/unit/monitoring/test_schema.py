"""Requests are checked before anything is computed."""

from typing import Any

import pytest
from pydantic import ValidationError

from monitoring.service.group_names import GROUP_NAMES
from monitoring.web.schema import JudgeRequest


def test_all_groups_are_wanted_unless_some_are_named() -> None:
    assert JudgeRequest(metric="tests").groups() is None


def test_false_and_absent_groups_are_left_out() -> None:
    request = JudgeRequest(
        metric="tests", tests={"data_quality": True, "data_drift": True, "data_stability": False}
    )
    assert request.groups() == ["data_drift", "data_quality"]


@pytest.mark.parametrize("tests", [{}, {"data_drift": False}, {"clustering": True}])
def test_an_unknown_group_or_none_at_all_is_refused_with_the_choices(tests: dict[str, bool]) -> None:
    with pytest.raises(ValidationError) as caught:
        JudgeRequest(metric="tests", tests=tests)
    assert all(name in str(caught.value) for name in GROUP_NAMES)


@pytest.mark.parametrize("tests", [["data_drift"], "data_drift", {"data_drift": "yes"}, {"data_drift": 1}, 3])
def test_groups_of_another_type_are_refused(tests: Any) -> None:
    with pytest.raises(ValidationError):
        JudgeRequest.model_validate({"metric": "tests", "tests": tests})


@pytest.mark.parametrize("metric", ["drift", "", None, 1, ["tests"]])
def test_an_unknown_metric_is_refused(metric: Any) -> None:
    with pytest.raises(ValidationError, match="metric"):
        JudgeRequest.model_validate({"metric": metric})
