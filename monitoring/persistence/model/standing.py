"""How monitoring stands, as Prometheus is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Evidence = Literal["drift", "pooled_drift", "harm", "pooled_harm"]
Result = Literal["delivered", "waiting", "refused", "given_up", "failed"]


@dataclass(frozen=True)
class LastDecision:
    """The last verdict on a use case. p: by evidence, of what could be tested."""

    use_case: str
    verdict: str
    p: Mapping[Evidence, float]


@dataclass(frozen=True)
class Standing:
    """How every use case stands.

    loops: that have ended, by use case and outcome; 0 of what has not happened. unjudged_s: seconds that the
    oldest row has waited for its verdict, by use case with an enabled policy; 0 where none waits.
    webhooks: of the last day, by what has become of them.
    """

    decisions: Sequence[LastDecision]
    loops: Mapping[tuple[str, str], int]
    unjudged_s: Mapping[str, float]
    webhooks: Mapping[Result, int]
