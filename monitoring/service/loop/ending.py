"""The last step: whatever a loop has left is cleared up, then it ends."""

from typing import Any

from fleet.errors import SiblingRefusedError
from monitoring.persistence.model.loop import End, Found, Next, Outcome
from monitoring.service.loop.context import Context

LIVE_STAYS = ("watch", "clear")  # aborted there, what was promoted stays


def clear_for(outcome: Outcome, reason: str, **more: Any) -> Next:
    """The step that ends a loop so."""
    return Next("clear", {"outcome": outcome, "reason": reason, **more})


def clear(context: Context) -> Found:
    """End the search, the shadow and the candidate that nobody needs any more, and roll back if due."""
    given, done = context.step.given, list[str]()
    outcome, reason = given["outcome"], str(given["reason"])
    try:
        _end_search(context, done)
        _clear_deployments(context, outcome, reason, done)
    except SiblingRefusedError as error:  # the loop ends all the same, and says what was left
        done.append(f"not done: {error.error}")
    return Found("cleared", reason, End(outcome, reason), {"done": done})


def _end_search(context: Context, done: list[str]) -> None:
    search = context.loop.last("search")
    if search is None or search.outcome == "found" or "job_id" not in search.figures:
        return
    if context.siblings.cancel(str(search.figures["job_id"]), caller=context.caller):
        done.append("the search was cancelled")


def _clear_deployments(context: Context, outcome: Outcome, reason: str, done: list[str]) -> None:
    loop, siblings, caller = context.loop, context.siblings, context.caller
    with context.units() as work:
        live = work.loops.champion(context.use_case.name)
    challenger, champion = loop.challenger_id, loop.champion_id
    if challenger is None:
        challenger = _trained_for(context)
    is_live = live is not None and live.id == challenger
    if is_live and champion is not None and _is_to_be_taken_back(context, outcome):
        why = f"{context.name}: {reason}"[:1000]
        siblings.roll_back(context.use_case.name, champion, why, f"{context.key}-back", caller=caller)
        done.append(f"deployment {champion} is active again")
        is_live = False
    if is_live:
        if champion is not None:
            _end_role(context, champion, done)
        return
    promoted = loop.last("promote")
    if promoted is not None and champion is not None and (live is None or live.id != champion):
        _end_role(context, champion, done)
    if challenger is not None and outcome != "held":
        _drop(context, challenger, done)


def _drop(context: Context, challenger: int, done: list[str]) -> None:
    _end_role(context, challenger, done)
    is_own = context.loop.last("train") is not None  # what a person has trained stays
    if is_own and context.siblings.discard(challenger, caller=context.caller):
        done.append(f"deployment {challenger} was discarded")


def _end_role(context: Context, deployment_id: int, done: list[str]) -> None:
    if context.siblings.end_role(deployment_id, caller=context.caller):
        done.append(f"deployment {deployment_id} is no shadow any more")


def _is_to_be_taken_back(context: Context, outcome: Outcome) -> bool:
    if outcome == "rolled_back":
        return True
    stopped_at = context.step.given.get("at")
    return outcome in ("aborted", "failed") and stopped_at is not None and stopped_at not in LIVE_STAYS


def _trained_for(context: Context) -> int | None:
    """The candidate that an interrupted training may have left."""
    train = context.loop.last("train")
    if train is None:
        return None
    with context.units() as work:
        left = work.loops.candidate_of(context.use_case.name, str(train.given["run_id"]))
    return None if left is None else left.id
