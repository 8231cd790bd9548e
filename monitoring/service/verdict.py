"""Running groups of checks, and counting what they say."""

from collections.abc import Sequence
from typing import Any

from monitoring.service.comparison import Comparison
from monitoring.service.groups import GROUPS
from monitoring.service.truth import judged_groups, left_out
from monitoring.utils.json_values import json_value


def run_tests(comparison: Comparison, groups: Sequence[str]) -> dict[str, Any]:
    """All checks of the groups, in their order, with the summary; ready for JSON.

    The summary's "left_out" tells what cannot be judged without truth; it is absent if nothing was left out.
    Raises NoTruthError if that would be everything.
    """
    judged = judged_groups(comparison, groups)
    tests = [check.as_dict(name) for name in judged for check in GROUPS[name](comparison)]
    unjudged = left_out(comparison, groups)
    summary = {**summarise(tests), **({"left_out": unjudged} if unjudged else {})}
    return {"tests": json_value(tests), "summary": summary}


def summarise(tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many checks passed and failed."""
    success = sum(test["status"] == "SUCCESS" for test in tests)
    failed = len(tests) - success
    return {
        "all_passed": failed == 0,
        "total_tests": len(tests),
        "success_tests": success,
        "failed_tests": failed,
        "by_status": {"SUCCESS": success, "FAIL": failed},
    }
