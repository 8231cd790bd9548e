"""The steps before a search: why it began, which rows decide, and which may be learned from."""

import hashlib
import math

from monitoring.persistence.model.loop import MARK, End, Found, Next
from monitoring.persistence.model.policy import FEWEST_ROWS
from monitoring.service.loop.context import Context
from monitoring.service.loop.distinct_rows import counts_once


def judge(context: Context) -> Found:
    """Nothing is judged again: the step says what the loop began with."""
    sentence = context.step.given.get("sentence") or f"begun by hand, by {context.loop.actor}"
    return Found(str(context.step.given.get("verdict") or "by_hand"), str(sentence), Next("reserve"))


def reserve(context: Context) -> Found:
    """Take rows out of what may be trained on: a share of the newest labelled ones, by a hash.

    Equal rows are one, and stay together: a copy that is learned from would give away the others. With fewer
    than FEWEST_ROWS labelled rows nothing could be decided, so nothing is begun.
    """
    gate, use_case = context.loop.policy.gate, context.use_case
    with context.units() as work:
        mark = work.labelled.mark(use_case)
        newest = work.labelled.newest_undecided(use_case, math.ceil(gate.rows / gate.share))
        once = counts_once(work, use_case)
        pool = (
            {each.features for each in work.labelled.digests(use_case, newest).values()} if once else newest
        )
    figures = {"labelled": len(pool), MARK: mark}
    if len(pool) < FEWEST_ROWS:
        reason = (
            f"{len(pool)} labelled production rows have decided nothing yet, and {FEWEST_ROWS} are needed: "
            "send the truth with POST /root/ml/feedback"
        )
        return Found("held", reason, End("held", reason), figures)
    count = min(gate.rows, max(FEWEST_ROWS, math.floor(len(pool) * gate.share)))
    chosen = sorted(pool, key=_hash)[:count]
    if once:
        with context.units() as work:
            chosen = work.labelled.equal_to(use_case, chosen)
    reason = f"{count} of {len(pool)} labelled rows are kept back to decide"
    return Found("reserved", reason, Next("snapshot"), {**figures, "rows": count}, reserved=sorted(chosen))


def snapshot(context: Context) -> Found:
    """Fix what may be learned from. Rows whose truth comes in later can decide, as none learned from them."""
    taken = context.siblings.take_snapshot(context.use_case.name, caller=context.caller)
    with context.units() as work:
        mark = work.labelled.mark(context.use_case)
    reason = f"snapshot {taken['id']} has {taken['rows']} rows to learn from"
    figures = {"snapshot_id": taken["id"], "rows": taken["rows"], "digest": taken["digest"], MARK: mark}
    return Found("taken", reason, Next("search"), figures, changes={"snapshot_id": int(taken["id"])})


def _hash(number: int) -> bytes:
    return hashlib.blake2b(number.to_bytes(8, "big", signed=True), digest_size=8).digest()
