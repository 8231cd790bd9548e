"""Policies that somebody changes while a window is judged by them, or has switched off."""

import pytest

from tests.integration.monitoring.conftest import Rows
from tests.integration.monitoring.test_judging_by_policy import (  # noqa: F401  # a fixture
    LOOPS,
    POLICY,
    VERDICTS,
    Judged,
    judged,
)

CHANGE = "SET LOCAL lock_timeout = '3s'; UPDATE policies SET changed_at = now(), "


@pytest.mark.parametrize(
    ("change", "wanted"), [("policy = policy || '{\"window_rows\": 30}'", 30), ("actor = 'bob'", 36)]
)
def test_whoever_changes_a_policy_does_not_wait_for_a_verdict_and_it_is_come_to_again(
    judged: Judged,  # noqa: F811
    rows: Rows,
    change: str,
    wanted: int,
) -> None:
    judged.judges.meanwhile = CHANGE + change
    judged.judge()
    assert [found[1] for found in rows(VERDICTS)] == [wanted]


def test_a_policy_that_is_removed_while_it_judges_has_judged_nothing(
    judged: Judged,  # noqa: F811
    rows: Rows,
) -> None:
    judged.judges.meanwhile = "SET LOCAL lock_timeout = '3s'; DELETE FROM policies"
    assert judged.judge() == {"verdicts": [], "loops": []}
    assert rows(VERDICTS) == rows(LOOPS) == []


def test_a_policy_that_is_not_enabled_judges_nothing(
    judged: Judged,  # noqa: F811
) -> None:
    judged.put(POLICY.model_copy(update={"enabled": False}))
    assert judged.judge()["verdicts"] == []
