"""What cannot be judged of sets without any truth, and how that is told."""

from collections.abc import Sequence
from typing import Any

from fleet.errors import ConflictError
from monitoring.persistence.model.judged_sets import TARGET
from monitoring.service.comparison import Comparison, Side
from monitoring.service.group_names import LOOK_AT_TARGET, NEED_TRUTH

SETS: dict[Side, str] = {"reference": "testing", "current": "production"}
WHAT_TO_DO = "send the truth with POST /root/ml/feedback, or load a set that has it with POST /root/simulator"


class NoTruthError(ConflictError):
    """Only performance was asked for, and a set has no sample whose truth is known."""

    def __init__(self, without: Sequence[Side]) -> None:
        super().__init__(_reason(without), f"{WHAT_TO_DO[0].upper()}{WHAT_TO_DO[1:]}")


def judged_groups(comparison: Comparison, groups: Sequence[str]) -> list[str]:
    """The groups that can be judged. Raises NoTruthError if none can."""
    without = comparison.without_truth
    judged = [group for group in groups if not without or group not in NEED_TRUTH]
    if not judged:
        raise NoTruthError(without)
    return judged


def left_out(comparison: Comparison, groups: Sequence[str]) -> list[dict[str, Any]]:
    """Of the groups that were asked for, what was not judged for want of truth: a whole group where `column`
    is None, else what it checks of the target."""
    without = comparison.without_truth
    if not without:
        return []
    reason = f"{_reason(without)}; {WHAT_TO_DO}"
    return [
        {"group": group, "column": None if group in NEED_TRUTH else TARGET, "reason": reason}
        for group in groups
        if group in NEED_TRUTH | LOOK_AT_TARGET
    ]


def _reason(without: Sequence[Side]) -> str:
    sets = " and of ".join(SETS[side] for side in without)
    return f"The true target is not known of any sample of {sets}"
