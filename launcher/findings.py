"""What the demo found, in the words that its table shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from client.ml_model import Score
from client.monitoring import Check, Summary


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


def drift_outcome(checks: Sequence[Check]) -> str:
    """In words, what monitoring's checks of the group data_drift say."""
    overall = next(check for check in checks if check.name == "share_of_drifted_columns")
    columns = [check for check in checks if check.name == "column_drift"]
    drifted = sum(check.status == "FAIL" for check in columns)
    word = "no drift" if overall.status == "SUCCESS" else "DRIFT"
    return f"{word}: {drifted} of {len(columns)} columns"


def overall_outcome(summary: Summary) -> str:
    """In words, monitoring's summary of all groups."""
    word = "passed" if summary.all_passed else "failed"
    return f"{word}: {summary.success_tests} of {summary.total_tests} tests passed"


def retraining_outcome(retraining: Score | None, *, asked: bool) -> str:
    """In words, whether monitoring had the model trained again."""
    if not asked:
        return "not asked for"
    if retraining is None:
        return "not needed"
    score = "unknown" if retraining.score is None else f"{retraining.score:.2%}"
    return f"retrained, training score {score}"
