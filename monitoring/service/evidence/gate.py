"""Whether a challenger takes over, and whether it stays."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Literal

from monitoring.persistence.model.policy import FEWEST_ROWS
from monitoring.service.evidence.sentences import number

ROLLS_BACK = 0.01  # shared equally by the looks of a watch, so that it holds for all of them together

GateVerdict = Literal["promote", "undecided", "reject", "hold"]
WatchVerdict = Literal["roll_back", "watch", "kept"]


@dataclass(frozen=True)
class Paired:
    """Two models on the same labelled rows, as ml_model's `evaluate` answers it.

    rows; mean: the second model's mean loss less the first's, below 0 where the second is better.
    p_better, p_worse: that chance alone makes the second so. upper_bound: of the mean in the long run, 95 %.
    """

    rows: int
    mean: float | None
    p_better: float
    p_worse: float
    upper_bound: float | None


@dataclass(frozen=True)
class GateSettings:
    """p: shared equally by the looks, so that it holds for all of them together, whatever depends on what.

    Sign flips take differences as symmetric. Those of real models are skewed: at 36 rows and 0.05, one of two
    equally good ones was promoted in 7 %. With 0.025 it is at most 5 %.
    keep_old: by how much the mean loss on the old testing set may rise, at most; None: by anything.
    """

    p: float = 0.025
    looks: int = 3
    keep_old: float | None = None

    @property
    def level(self) -> float:
        """The p that promotes at one look."""
        return self.p / self.looks


@dataclass(frozen=True)
class Outcome:
    """What follows, and why in one sentence."""

    verdict: GateVerdict
    reason: str


@dataclass(frozen=True)
class WatchOutcome:
    """What follows, and why in one sentence."""

    verdict: WatchVerdict
    reason: str


def decide_gate(
    paired: Paired,
    headline: tuple[float, float],
    look: int,
    settings: GateSettings,
    old: Paired | None = None,
) -> Outcome:
    """Decide between champion and challenger (the second of each pair).

    paired: on all rows reserved up to now. headline: their main metric on them, higher is better.
    look: from 1. old: on the old testing set.
    """
    if paired.rows < FEWEST_ROWS:
        reason = f"{paired.rows} rows with a target were reserved, and it takes {FEWEST_ROWS} to decide"
        return Outcome("hold", f"hold: {reason}")
    champion, challenger = headline
    found = (
        f"p = {number(paired.p_better)} at look {look} of {settings.looks} "
        f"(it takes {number(settings.level)}), "
        f"{number(champion)} against {number(challenger)} on {paired.rows} rows"
    )
    if paired.p_better <= settings.level and challenger >= champion:
        lost = _lost_on_old(old, settings)
        if lost:
            return Outcome("reject", f"reject: better on new rows ({found}), but {lost}")
        return Outcome("promote", f"promote: the challenger is better, {found}")
    if look >= settings.looks:
        return Outcome("reject", f"reject: the challenger is not better, {found}")
    return Outcome("undecided", f"undecided: more labels are waited for, {found}")


def rows_of_look(look: int, watch_rows: int) -> int:
    """After how many rows a watch looks: twice as many each time. look: from 1."""
    rows: int = FEWEST_ROWS * 2 ** (look - 1)
    return min(rows, watch_rows)


def watch_looks(watch_rows: int) -> int:
    """How often a watch looks at most: at its last look it has all its rows."""
    return next(look for look in count(1) if rows_of_look(look, watch_rows) >= watch_rows)


def decide_watch(paired: Paired, watch_rows: int) -> WatchOutcome:
    """Decide whether a promotion stays. paired: old champion and new on rows labelled since then."""
    level = ROLLS_BACK / watch_looks(watch_rows)
    found = (
        f"p = {number(paired.p_worse)} (it takes {number(level)}) "
        f"on {paired.rows} rows labelled since the promotion"
    )
    if paired.rows >= FEWEST_ROWS and paired.p_worse <= level:
        return WatchOutcome("roll_back", f"roll back: the model before it is better, {found}")
    if paired.rows >= watch_rows:
        return WatchOutcome("kept", f"kept: it is not worse than the model before it, {found}")
    return WatchOutcome("watch", f"watch: {paired.rows} of {watch_rows} rows are labelled")


def read_paired(answered: Mapping[str, Any]) -> Paired:
    """The figures from ml_model's answer, or from a stored step."""
    return Paired(**{name: answered[name] for name in Paired.__dataclass_fields__})


def _lost_on_old(old: Paired | None, settings: GateSettings) -> str:
    """What is lost on the old testing set beyond what may be; nothing if nothing is."""
    if settings.keep_old is None:
        return ""
    if old is None or old.upper_bound is None:
        return "the old testing set has no two labelled rows to show that nothing is lost there"
    if old.upper_bound <= settings.keep_old:
        return ""
    return (
        f"on the old testing set its loss may be higher by up to {number(old.upper_bound)} "
        f"(95 % bound), and {number(settings.keep_old)} is allowed"
    )
