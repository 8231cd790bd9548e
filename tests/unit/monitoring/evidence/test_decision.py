"""What follows from evidence, and that it follows again from what was stored."""

import json
from typing import Any

import pytest

from monitoring.persistence.model.policy import Evidence
from monitoring.service.evidence.decision import Figures, decide, replay
from monitoring.service.evidence.drift import ColumnTest, Drift
from monitoring.service.evidence.estimate import Estimate
from monitoring.service.evidence.gate import (
    GateSettings,
    Paired,
    decide_gate,
    decide_watch,
    watch_looks,
)
from monitoring.service.evidence.harm import Harm

STILL = Drift((ColumnTest("hue", "distance", 0.4, 0.12), ColumnTest("ash", "distance", 0.6, 0.1)))
MOVED = Drift((ColumnTest("hue", "distance", 1e-9, 0.41), ColumnTest("ash", "distance", 0.6, 0.1)))
LITTLE = Drift((ColumnTest("hue", "distance", 1e-9, 0.01), ColumnTest("ash", "distance", 0.6, 0.1)))
UNKNOWN = Harm(12, 0.2, 178, 0.1, None)
SURE = Estimate("accuracy", 100, 0.96, 178, 0.97, 0.02)
UNSURE = Estimate("accuracy", 100, 0.83, 178, 0.97, 0.02)
FAR = Estimate("absolute error", 100, 2.6, 178, 1.2, 0.1)
GOOD, BAD = Harm(100, 0.1, 178, 0.1, 0.5), Harm(100, 0.6, 178, 0.1, 1e-6)


def figures(evidence: Evidence = "auto", **changed: Any) -> Figures:
    parts: dict[str, Any] = {"drift": STILL, "harm": UNKNOWN, "rows": 100, "distinct": 100} | changed
    parts = {"pooled_drift": parts["drift"], "pooled_harm": parts["harm"]} | parts
    return Figures(evidence=evidence, **parts)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (figures(), "steady"),
        (figures(drift=MOVED), "act"),
        (figures(pooled_drift=MOVED), "act"),
        (figures(drift=LITTLE), "warning"),
        (figures(drift=MOVED, harm=GOOD), "warning"),
        (figures(harm=BAD), "act"),
        (figures("either", drift=MOVED, harm=GOOD), "act"),
        (figures("drift", harm=BAD), "warning"),
        (figures("harm", drift=MOVED), "insufficient"),
        (figures("harm", harm=UNKNOWN, pooled_harm=BAD), "act"),
        (figures(drift=MOVED, distinct=29), "insufficient"),
        (figures(drift=Drift(())), "steady"),
        (figures("either", drift=Drift((ColumnTest("hue", "shares", 1.5e-4, 0.3),))), "warning"),
        (figures("drift", drift=Drift((ColumnTest("hue", "shares", 1.5e-4, 0.3),))), "act"),
        (figures(estimate=SURE), "steady"),
        (figures(estimate=UNSURE), "warning"),
        (figures("either", estimate=UNSURE), "warning"),
        (figures("harm", estimate=UNSURE), "insufficient"),
        (figures(estimate=FAR), "warning"),
        (figures(drift=MOVED, estimate=UNSURE), "act"),
    ],
)
def test_a_verdict_follows_from_the_figures_and_again_from_what_was_stored(
    given: Figures, verdict: str
) -> None:
    decision = decide(given)
    assert decision.verdict == verdict, decision.sentence
    assert decision.sentence.startswith(f"{verdict}: ")
    assert replay(json.loads(json.dumps(given.as_dict(), allow_nan=False))) == decision


def test_the_sentence_names_what_moved_and_what_cannot_be_known() -> None:
    assert decide(figures(drift=MOVED)).sentence == (
        "act: hue moved, p = 2e-09, distance 0.41; accuracy cannot be known yet, 12 of 100 rows are labelled"
    )
    assert decide(figures(harm=BAD)).sentence == (
        "act: the mean loss is 0.6 on 100 labelled rows, 0.1 on the reference, p = 1e-06"
    )


def test_the_sentence_tells_what_is_estimated_and_from_what() -> None:
    assert decide(figures(estimate=UNSURE)).sentence == (
        "warning: accuracy cannot be known yet, 12 of 100 rows are labelled; "
        "accuracy is estimated at 0.83 from how sure the model is, 0.97 on the reference"
    )
    assert decide(figures(estimate=FAR)).sentence.endswith(
        "; the mean absolute error is estimated at 2.6 from the errors of predictions nearby, "
        "1.2 on the reference"
    )
    assert "estimated at 0.96" in decide(figures("harm", estimate=SURE)).sentence


def test_verdicts_of_before_there_were_estimates_are_replayed() -> None:
    stored = figures(drift=LITTLE).as_dict()
    assert stored.pop("estimate") is None
    assert replay(stored) == decide(figures(drift=LITTLE))


@pytest.mark.parametrize(
    ("paired", "headline", "look", "verdict"),
    [
        (Paired(36, -0.2, 0.001, 1.0, -0.1), (0.8, 0.9), 1, "promote"),
        (Paired(36, -0.2, 0.001, 1.0, -0.1), (0.9, 0.8), 1, "undecided"),
        (Paired(36, -0.2, 0.03, 1.0, -0.1), (0.8, 0.9), 1, "undecided"),
        (Paired(108, 0.0, 0.4, 0.6, 0.1), (0.8, 0.9), 3, "reject"),
        (Paired(29, -0.2, 0.001, 1.0, -0.1), (0.8, 0.9), 1, "hold"),
    ],
)
def test_a_challenger_is_promoted_if_it_is_surely_better_and_not_lower_in_the_main_metric(
    paired: Paired, headline: tuple[float, float], look: int, verdict: str
) -> None:
    outcome = decide_gate(paired, headline, look, GateSettings())
    assert outcome.verdict == verdict
    assert outcome.reason.startswith(verdict)


def test_what_is_lost_on_the_old_testing_set_can_reject() -> None:
    better, settings = Paired(100, -0.2, 0.001, 1.0, -0.1), GateSettings(keep_old=0.02)
    safe, lost = Paired(36, -0.1, 0.1, 0.9, 0.01), Paired(36, 0.1, 0.9, 0.1, 0.2)
    assert decide_gate(better, (0.8, 0.9), 1, settings, safe).verdict == "promote"
    assert decide_gate(better, (0.8, 0.9), 1, settings, lost).verdict == "reject"
    assert decide_gate(better, (0.8, 0.9), 1, settings).verdict == "reject"
    assert decide_gate(better, (0.8, 0.9), 1, GateSettings(), lost).verdict == "promote"


@pytest.mark.parametrize(
    ("paired", "verdict"),
    [
        (Paired(0, None, 1.0, 1.0, None), "watch"),
        (Paired(29, 0.5, 1.0, 1e-5, 0.6), "watch"),
        (Paired(30, 0.5, 1.0, 1e-5, 0.6), "roll_back"),
        (Paired(100, 0.0, 0.5, 0.5, 0.1), "kept"),
    ],
)
def test_a_promotion_is_rolled_back_by_evidence_only(paired: Paired, verdict: str) -> None:
    assert decide_watch(paired, 100).verdict == verdict


@pytest.mark.parametrize(("watch_rows", "looks"), [(30, 1), (60, 2), (61, 3), (200, 4)])
def test_the_looks_of_a_watch_share_its_p(watch_rows: int, looks: int) -> None:
    assert watch_looks(watch_rows) == looks
    for p, verdict in ((0.0099 / looks, "roll_back"), (0.0101 / looks, "kept")):
        assert decide_watch(Paired(watch_rows, 0.5, 1.0, p, 0.6), watch_rows).verdict == verdict
