"""The gate: the challenger against the champion, on rows that neither has learned from."""

from collections.abc import Mapping
from typing import Any

from fleet.errors import SiblingRefusedError
from monitoring.persistence.model.loop import End, Found, Next
from monitoring.persistence.model.policy import FEWEST_ROWS
from monitoring.service.evidence.gate import GateFigures, decide_gate
from monitoring.service.loop.context import Context
from monitoring.service.loop.ending import clear_for

MOST_ROWS = 100_000


def gate(context: Context) -> Found | None:
    """Promote, reject, or wait as a shadow for more rows whose truth is known."""
    with context.units() as work:
        rows = work.labelled.reserved(context.loop.id)
        new = _new_rows(context, work.labelled.after)
    if context.step.look > 1 and len(new) < FEWEST_ROWS:
        return None
    figures = _evaluated(context, [*rows, *new])
    decision = decide_gate(figures)
    told = {"gate": figures.as_dict(), "rows": len(rows) + len(new)}
    if decision.outcome == "promote":
        then = _promote_or_hold(context, decision.reason)
    elif decision.outcome == "undecided":
        context.siblings.shadow(context.challenger, f"{context.name}: undecided", caller=context.caller)
        then = Next("gate", {"mark": _mark(context)}, context.step.look + 1)
    else:
        then = clear_for("held" if decision.outcome == "hold" else "rejected", decision.reason)
    return Found(decision.outcome, decision.reason, then, told, reserved=new, look=context.step.look)


def has_new_rows(context: Context) -> bool:
    """Whether another look is worth it."""
    with context.units() as work:
        return len(_new_rows(context, work.labelled.after, FEWEST_ROWS)) >= FEWEST_ROWS


def _new_rows(context: Context, after: Any, limit: int = MOST_ROWS) -> list[int]:
    """Whose truth came in since the rows to learn from were fixed, and which have decided nothing."""
    if context.step.look == 1:
        return []
    found: list[int] = after(context.use_case, _mark(context), limit, undecided=True)
    return found


def _mark(context: Context) -> int:
    snapshot = context.loop.last("snapshot")
    return 0 if snapshot is None else int(snapshot.figures["mark"])


def _promote_or_hold(context: Context, reason: str) -> Next | End:
    if context.loop.policy.action == "retrain_and_promote":
        return Next("promote")
    do_it = f'POST /root/ml/deployments/{context.challenger}/role {{"role": "active"}}'
    return End("held", f"{reason}; the policy promotes nothing by itself: {do_it}")


def _evaluated(context: Context, rows: list[int]) -> GateFigures:
    both = [context.champion, context.challenger]
    fresh = _pair(context, both, {"sample_index": rows})
    try:
        old: Mapping[str, Any] | None = _pair(context, both, {"set": "testing"})
    except SiblingRefusedError:  # the set may be unloaded: what is reported of it decides only if asked for
        old = None
    keep_old = context.loop.policy.gate.keep_old
    return GateFigures(fresh=fresh, old=old, look=context.step.look, keep_old=keep_old)


def _pair(context: Context, both: list[int], rows: Mapping[str, Any]) -> Mapping[str, Any]:
    return context.siblings.evaluate(context.use_case.name, both, rows, caller=context.caller)
