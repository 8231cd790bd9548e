"""Running groups of checks, and counting what they say."""

from collections.abc import Sequence
from typing import Any

from monitoring.service.check import Source
from monitoring.service.comparison import Comparison
from monitoring.service.distributions import distributions
from monitoring.service.groups import GROUPS
from monitoring.service.truth import judged_groups, left_out
from monitoring.utils.json_values import json_value

SOURCES: tuple[Source, Source] = ("mlfleet", "evidently")


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
    """How many of the checks that count passed and failed.

    "not_counted" says the same of Evidently's own, which do not count; it is absent if there are none.
    """
    own, evidently = (_by_status(tests, source) for source in SOURCES)
    return {
        "all_passed": own["FAIL"] == 0,
        "total_tests": own["SUCCESS"] + own["FAIL"],
        "success_tests": own["SUCCESS"],
        "failed_tests": own["FAIL"],
        "by_status": own,
        **({"not_counted": evidently} if any(evidently.values()) else {}),
    }


def _by_status(tests: Sequence[dict[str, Any]], source: Source) -> dict[str, int]:
    statuses = [test["status"] for test in tests if test["source"] == source]
    return {status: statuses.count(status) for status in ("SUCCESS", "FAIL")}
