"""The steps that change what is live: the promotion, and the watch over it."""

from collections.abc import Mapping
from typing import Any

from monitoring.persistence.model.loop import MARK, Champion, Found, Next
from monitoring.persistence.repository.loop_siblings import Swap
from monitoring.service.evidence.gate import WatchOutcome, decide_watch, read_paired
from monitoring.service.loop.context import Context
from monitoring.service.loop.distinct_rows import chosen_once_more, different
from monitoring.service.loop.ending import changed_by_another, clear_for, find_live
from monitoring.service.loop.waiting import WANTED, wanted_by_watch, watched_rows


def promote(context: Context) -> Found:
    """One transaction of ml_model's: the challenger becomes active, the champion its shadow."""
    live = find_live(context)
    if live is None or live.id not in (context.champion, context.challenger):
        return _superseded(live)
    gate = context.loop.last("gate")
    proof = f"promoted under watch by {context.loop.actor}, without a gate" if gate is None else gate.reason
    why = f"{context.name}: {proof}"[:1000]
    if live.id != context.challenger:
        context.siblings.score_testing(context.use_case.name, context.challenger, caller=context.caller)
        swap = Swap(context.challenger, instead_of=live.id)  # scoring has taken its time
        if not context.siblings.promote(swap, why, context.key, caller=context.caller):
            return _superseded(find_live(context))
    with context.units() as work:
        mark = work.labelled.mark(context.use_case)
    train = context.loop.last("train")
    if train is not None:
        run_id = str(train.given["run_id"])
        context.siblings.tell_promoted(run_id, context.challenger, caller=context.caller)
    reason = f"deployment {context.challenger} is live, deployment {context.champion} its shadow"
    if gate is None:
        reason += f": {proof}"
    return Found("promoted", reason, Next("watch", {MARK: mark}), {MARK: mark})


def watch(context: Context) -> Found | None:
    """Roll back, keep, or wait for more rows whose truth came in after the promotion."""
    return chosen_once_more(lambda: _watch(context))


def _watch(context: Context) -> Found | None:
    live = find_live(context)
    if live is None or live.id != context.challenger:
        return _superseded(live)
    wanted = wanted_by_watch(context.loop)
    with context.units() as work:
        limit = max(context.loop.policy.watch_rows, int(context.step.figures.get(WANTED, 0)))
        known = watched_rows(work, context.use_case, context.loop, limit)
        rows = different(work, context.use_case, known)[: context.loop.policy.watch_rows]
    if len(rows) < wanted:
        context.note({WANTED: len(known) + wanted - len(rows)})
        return None
    both = [context.champion, context.challenger]
    evaluated = context.siblings.evaluate(
        context.use_case.name, both, {"sample_index": rows}, caller=context.caller
    )
    figures = {"rows": len(rows), "paired": evaluated["pairs"][0]}
    decision = replay_watch(figures, context.loop.policy.watch_rows)
    if decision.verdict == "watch":
        then = Next("watch", context.step.given, context.step.look + 1)
    else:
        then = clear_for("rolled_back" if decision.verdict == "roll_back" else "kept", decision.reason)
    return Found(decision.verdict, decision.reason, then, figures)


def replay_watch(figures: Mapping[str, Any], watch_rows: int) -> WatchOutcome:
    """What follows from the figures that a step has kept: the same each time."""
    return decide_watch(read_paired(figures["paired"]), watch_rows)


def _superseded(live: Champion | None) -> Found:
    reason = changed_by_another(live)
    return Found("superseded", reason, clear_for("superseded", reason))
