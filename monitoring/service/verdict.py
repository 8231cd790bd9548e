"""Running groups of checks, and counting what they say."""

from collections.abc import Sequence
from typing import Any

from monitoring.service.comparison import Comparison
from monitoring.service.distributions import distributions
from monitoring.service.groups import GROUPS
from monitoring.service.truth import judged_groups, left_out
from monitoring.utils.json_values import json_value


def run_tests(comparison: Comparison, groups: Sequence[str]) -> dict[str, Any]:
    """All checks of the groups, in their order, with the summary, and how what failed is distributed; ready
    for JSON.

    The summary's "left_out" tells what cannot be judged without truth; it is absent if nothing was left out.
    Raises NoTruthError if that would be everything.
    """
    judged = judged_groups(comparison, groups)
    tests = [check.as_dict(name) for name in judged for check in GROUPS[name](comparison)]
    unjudged = left_out(comparison, groups)
    summary = {**summarise(tests), **({"left_out": unjudged} if unjudged else {})}
    found = {"tests": tests, "distributions": distributions(comparison, tests)}
    return {**json_value(found), "summary": summary}


def summarise(tests: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How many checks passed and failed; "all_passed" is whether all of ours did.

    "evidently" tells how many of them are Evidently's own, which decide nothing; it is absent if none is.
    """
    statuses = _by_status(tests)
    evidently = _by_status([test for test in tests if test["source"] == "evidently"])
    return {
        "all_passed": statuses["FAIL"] == evidently["FAIL"],
        "total_tests": len(tests),
        "success_tests": statuses["SUCCESS"],
        "failed_tests": statuses["FAIL"],
        "by_status": statuses,
        **({"evidently": evidently} if any(evidently.values()) else {}),
    }


def _by_status(tests: Sequence[dict[str, Any]]) -> dict[str, int]:
    statuses = [test["status"] for test in tests]
    return {status: statuses.count(status) for status in ("SUCCESS", "FAIL")}
