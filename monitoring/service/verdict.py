"""Running groups of checks, and counting what they say."""

from collections.abc import Sequence
from typing import Any

from monitoring.service.comparison import Comparison
from monitoring.service.groups import GROUPS
from monitoring.utils.json_values import json_value


def run_tests(comparison: Comparison, groups: Sequence[str]) -> dict[str, Any]:
    """All checks of the groups, in their order, with the summary; ready for JSON."""
    tests = [check.as_dict(name) for name in groups for check in GROUPS[name](comparison)]
    return {"tests": json_value(tests), "summary": summarise(tests)}


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
