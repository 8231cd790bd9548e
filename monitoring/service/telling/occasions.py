"""What people are told of: a verdict that acts, and how a loop begins, gets on and ends."""

from typing import Any, Protocol

from fleet.caller import Caller
from monitoring.persistence.model.loop import End, Found, Loop, Outcome
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.telling.event import Severity
from monitoring.service.telling.orders import order_telling

SEVERITIES: dict[Outcome, Severity] = {"rolled_back": "critical", "failed": "warning"}


class Judged(Protocol):
    """A verdict as it is kept."""

    @property
    def id(self) -> int: ...
    @property
    def deployment_id(self) -> int | None: ...
    @property
    def verdict(self) -> str: ...
    @property
    def sentence(self) -> str: ...


def tell_verdict(work: MonitoringUnitOfWork, use_case: str, judged: Judged, *, caller: Caller) -> None:
    """If it is to act."""
    if judged.verdict == "act":
        details = {"verdict_id": judged.id, "deployment_id": judged.deployment_id}
        order_telling(
            work, use_case, "verdict", judged.sentence, caller=caller, severity="warning", details=details
        )


def tell_start(work: MonitoringUnitOfWork, loop: Loop, *, caller: Caller) -> None:
    """A loop begins."""
    said = loop.current.given.get("sentence") or f"begun by hand, by {loop.actor}"
    details = {**_ids(loop), "verdict_id": loop.verdict_id, "action": loop.policy.action}
    sentence = f"Loop {loop.id} has begun: {said}"
    order_telling(work, loop.use_case, "loop_started", sentence, caller=caller, details=details)


def tell_step(work: MonitoringUnitOfWork, loop: Loop, found: Found, *, caller: Caller) -> None:
    """A step of a loop has promoted its challenger, or ended the loop."""
    if isinstance(found.then, End):
        outcome = found.then.outcome
        order_telling(
            work,
            loop.use_case,
            "rolled_back" if outcome == "rolled_back" else "loop_ended",
            f"Loop {loop.id} has ended, {outcome.replace('_', ' ')}: {found.then.reason}",
            caller=caller,
            severity=SEVERITIES.get(outcome, "info"),
            details={**_ids(loop), "outcome": outcome},
        )
    elif found.outcome == "promoted":
        sentence = f"Loop {loop.id}: {found.reason}"
        order_telling(work, loop.use_case, "promoted", sentence, caller=caller, details=_ids(loop))


def _ids(loop: Loop) -> dict[str, Any]:
    return {"loop_id": loop.id, "champion_id": loop.champion_id, "challenger_id": loop.challenger_id}
