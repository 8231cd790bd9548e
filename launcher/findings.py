"""What the demo found, in the words that its table shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """What monitoring says of one production set: on drift, on everything, and what followed."""

    drift: str
    everything: str
    retraining: str


@dataclass
class Findings:
    """What the demo shows at its end.

    scores: accuracy between 0 and 1 by what was scored. verdicts: by the production data judged.
    """

    scores: dict[str, float] = field(default_factory=dict)
    best_model: str = ""
    best_metrics: dict[str, float] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)


def drift_outcome(tests: Sequence[Mapping[str, Any]]) -> str:
    """In words, what monitoring's tests of the group data_drift say."""
    overall = next(test for test in tests if test["name"] == "share_of_drifted_columns")
    columns = [test for test in tests if test["name"] == "column_drift"]
    drifted = sum(test["status"] == "FAIL" for test in columns)
    word = "no drift" if overall["status"] == "SUCCESS" else "DRIFT"
    return f"{word}: {drifted} of {len(columns)} columns"


def overall_outcome(summary: Mapping[str, Any]) -> str:
    """In words, monitoring's summary of all groups."""
    word = "passed" if summary["all_passed"] else "failed"
    return f"{word}: {summary['success_tests']} of {summary['total_tests']} tests passed"


def retraining_outcome(answer: Mapping[str, Any], *, asked: bool) -> str:
    """In words, whether monitoring had the model trained again."""
    if not asked:
        return "not asked for"
    retraining = answer.get("retraining")
    if retraining is None:
        return "not needed"
    return f"retrained, training score {float(retraining['score']):.2%}"
