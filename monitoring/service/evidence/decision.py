"""What follows from the evidence of a window: steady, warning, act or insufficient, and one sentence why.

Pure: `replay` comes from stored figures to the same verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from monitoring.persistence.model.policy import FEWEST_ROWS, Evidence
from monitoring.service.evidence.drift import ColumnTest, Drift
from monitoring.service.evidence.estimate import Estimate
from monitoring.service.evidence.harm import Harm
from monitoring.service.evidence.sentences import columns_moved, estimated, higher_loss, number, truth

ACTS = 2e-4  # 50 windows, two looks at each: 2 % of falsely acting in one, whatever depends on what
ACTS_OF_TWO_KINDS = ACTS / 2
WARNS = 0.02

Verdict = Literal["steady", "warning", "act", "insufficient"]
POOLED = " in the last three windows together"


@dataclass(frozen=True)
class Figures:
    """All that a verdict rests on.

    rows: of the window; distinct: of them, without those that were sent again, counted where equal rows
    count once. evidence: which kind may act. pooled: of the last three windows together, this one among them.
    predicted: how many of the rows the deployment has predicted; None for all. estimate: of how well it does,
    where too little truth is known to test that; it warns at most.
    """

    rows: int
    distinct: int
    evidence: Evidence
    drift: Drift
    pooled_drift: Drift
    harm: Harm
    pooled_harm: Harm
    predicted: int | None = None
    estimate: Estimate | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; `replay` reads it."""
        kinds = ("drift", "pooled_drift", "harm", "pooled_harm")
        return {
            "rows": self.rows,
            "distinct": self.distinct,
            "evidence": self.evidence,
            "predicted": self.predicted,
            "estimate": None if self.estimate is None else self.estimate.as_dict(),
            **{kind: getattr(self, kind).as_dict() for kind in kinds},
        }


@dataclass(frozen=True)
class Decision:
    """The verdict, and why in one sentence."""

    verdict: Verdict
    sentence: str


def decide(figures: Figures) -> Decision:
    """Come to a verdict. The same figures always give the same one."""
    if figures.distinct < FEWEST_ROWS:
        return _insufficient(f"{figures.distinct} distinct rows, and it takes {FEWEST_ROWS}")
    kinds = _acting_kinds(figures)
    level = ACTS_OF_TWO_KINDS if len(kinds) > 1 else ACTS
    acting = [_harm(figures, level) if "harm" in kinds else "", _drift_that_matters(figures, level, kinds)]
    if any(acting):
        return Decision("act", _sentence("act", figures, *acting))
    if kinds == {"harm"} and figures.harm.p is None and figures.pooled_harm.p is None:
        return _insufficient(_known_of_harm(figures))
    warning = [_harm(figures, WARNS), _drift(figures, WARNS)]
    if any(warning) or (figures.estimate is not None and figures.estimate.warns):
        return Decision("warning", _sentence("warning", figures, *warning))
    return Decision("steady", _sentence("steady", figures, "", _unmoved(figures.drift)))


def replay(stored: Mapping[str, Any]) -> Decision:
    """The decision from what `Figures.as_dict` has stored."""
    return decide(
        Figures(
            rows=stored["rows"],
            distinct=stored["distinct"],
            evidence=stored["evidence"],
            drift=_stored_drift(stored["drift"]),
            pooled_drift=_stored_drift(stored["pooled_drift"]),
            harm=_stored_harm(stored["harm"]),
            pooled_harm=_stored_harm(stored["pooled_harm"]),
            predicted=stored["predicted"],
            estimate=_stored_estimate(stored),
        )
    )


def _acting_kinds(figures: Figures) -> frozenset[str]:
    """`auto`: harm where the truth of this window is known, drift where it is not."""
    if figures.evidence == "either":
        return frozenset({"harm", "drift"})
    if figures.evidence == "auto":
        return frozenset({"harm" if figures.harm.p is not None else "drift"})
    return frozenset({figures.evidence})


def _harm(figures: Figures, level: float) -> str:
    """What is said of a mean loss that is significantly higher; nothing if it is not."""
    looks = ((figures.harm, ""), (figures.pooled_harm, POOLED))
    found = [(look.p, look, where) for look, where in looks if look.p is not None and look.p <= level]
    if not found:
        return ""
    _, look, where = min(found, key=lambda entry: entry[0])
    return higher_loss(look) + where


def _drift_that_matters(figures: Figures, level: float, kinds: frozenset[str]) -> str:
    """What is said of columns that moved significantly and far enough to act on."""
    if "drift" not in kinds:
        return ""
    looks = ((figures.drift, ""), (figures.pooled_drift, POOLED))
    found = [
        (p, look, where) for look, where in looks if (p := look.p_that_matters) is not None and p <= level
    ]
    if not found:
        return ""
    p, look, where = min(found, key=lambda entry: entry[0])
    moved = [test for test in look.moved(level) if test.matters]
    return columns_moved(moved, p) + where


def _drift(figures: Figures, level: float) -> str:
    """What is said of columns that moved significantly, however little."""
    looks = ((figures.drift, ""), (figures.pooled_drift, POOLED))
    found = [(p, look, where) for look, where in looks if (p := look.p) is not None and p <= level]
    if not found:
        return ""
    p, look, where = min(found, key=lambda entry: entry[0])
    return columns_moved(look.moved(level), p) + where


def _unmoved(drift: Drift) -> str:
    if drift.p is None:
        return "no column could be tested"
    return f"no column moved, the smallest p of {len(drift.tests)} tests is {number(drift.p)}"


def _sentence(verdict: Verdict, figures: Figures, harm: str, drift: str) -> str:
    """Harm first; what is known of the truth is always said."""
    parts = [harm, drift] if harm else [drift, _known_of_harm(figures)]
    return f"{verdict}: " + "; ".join(filter(None, parts))


def _known_of_harm(figures: Figures) -> str:
    said = truth(figures.harm, figures.rows, figures.predicted)
    return said if figures.estimate is None else f"{said}; {estimated(figures.estimate)}"


def _insufficient(reason: str) -> Decision:
    return Decision("insufficient", f"insufficient: {reason}")


def _stored_drift(stored: Mapping[str, Any]) -> Drift:
    return Drift(tuple(ColumnTest(**test) for test in stored["tests"]))


def _stored_harm(stored: Mapping[str, Any]) -> Harm:
    return Harm(**{field.name: stored[field.name] for field in fields(Harm)})


def _stored_estimate(stored: Mapping[str, Any]) -> Estimate | None:
    kept = stored.get("estimate")  # verdicts of before there were estimates have none
    return None if kept is None else Estimate(**kept)
