"""The gate: the challenger against the champion, on rows that neither has learned from."""

import math
from collections.abc import Mapping
from typing import Any

from db.definition import Task
from fleet.errors import SiblingRefusedError
from monitoring.persistence.model.loop import End, Found, Next
from monitoring.persistence.model.policy import FEWEST_ROWS
from monitoring.service.evidence.gate import GateSettings, Outcome, Paired, decide_gate, read_paired
from monitoring.service.loop.context import Context
from monitoring.service.loop.distinct_rows import chosen_once_more, different, new_to_both
from monitoring.service.loop.ending import clear_for
from monitoring.service.loop.waiting import WANTED, new_rows, room_for_new

MAIN_METRIC = {Task.CLASSIFICATION: "accuracy", Task.REGRESSION: "r2"}


def gate(context: Context) -> Found | None:
    """Promote, reject, or wait as a shadow for more rows whose truth is known."""
    return chosen_once_more(lambda: _gate(context))


def _gate(context: Context) -> Found | None:
    rows, new = _rows(context)
    if context.step.look > 1:
        missing = FEWEST_ROWS - len(set(rows) & set(new))
        if missing > 0:
            context.note({WANTED: len(new) + missing})
            return None
    elif len(rows) < FEWEST_ROWS:
        reason = f"hold: {len(rows)} reserved rows equal none that was learned from, it takes {FEWEST_ROWS}"
        return Found("hold", reason, clear_for("held", reason))
    figures = _evaluated(context, rows)
    decision = replay_gate(figures)
    then: Next | End
    if decision.verdict == "promote":
        then = _promote_or_hold(context, decision.reason)
    elif decision.verdict == "undecided":
        context.siblings.shadow(context.challenger, f"{context.name}: undecided", caller=context.caller)
        then = Next("gate", look=context.step.look + 1)
    else:
        then = clear_for("held" if decision.verdict == "hold" else "rejected", decision.reason)
    return Found(decision.verdict, decision.reason, then, figures, reserved=new, look=context.step.look)


def _rows(context: Context) -> tuple[list[int], list[int]]:
    """The rows that decide, and those that came in for this look, some of which may count for nothing."""
    loop, use_case = context.loop, context.use_case
    with context.units() as work:
        reserved = work.labelled.reserved(loop.id)
        own = different(work, use_case, reserved)
        new = new_rows(work, use_case, loop, room_for_new(loop, len(own), GateSettings().looks))
        return new_to_both(work, use_case, loop, [*own, *new]), new


def replay_gate(figures: Mapping[str, Any]) -> Outcome:
    """What follows from the figures that a step has kept: the same each time."""
    old: Paired | None = None if figures["old"] is None else read_paired(figures["old"])
    champion, challenger = (-math.inf if each is None else each for each in figures["headline"])
    settings = GateSettings(keep_old=figures["keep_old"])
    return decide_gate(read_paired(figures["paired"]), (champion, challenger), figures["look"], settings, old)


def _promote_or_hold(context: Context, reason: str) -> Next | End:
    if context.loop.policy.action == "retrain_and_promote":
        return Next("promote")
    do_it = f'POST /root/ml/deployments/{context.challenger}/role {{"role": "active"}}'
    return End("held", f"{reason}; the policy promotes nothing by itself: {do_it}")


def _evaluated(context: Context, rows: list[int]) -> dict[str, Any]:
    both = [context.champion, context.challenger]
    name, caller = context.use_case.name, context.caller
    fresh = context.siblings.evaluate(name, both, {"sample_index": rows}, caller=caller)
    try:
        old = context.siblings.evaluate(name, both, {"set": "testing"}, caller=caller)["pairs"][0]
    except SiblingRefusedError:  # the set may be unloaded, which matters only where the policy asks for it
        old = None
    main = MAIN_METRIC[context.use_case.task]
    return {
        "rows": len(rows),
        "look": context.step.look,
        "keep_old": context.loop.policy.gate.keep_old,
        "paired": fresh["pairs"][0],
        "headline": [each["metrics"].get(main) for each in fresh["deployments"]],
        "old": old,
    }
