"""The last step: whatever a loop has left is cleared up, then it ends."""

from typing import Any

from fleet.errors import SiblingRefusedError
from monitoring.persistence.model.loop import Champion, End, Found, Next, Outcome, StepName
from monitoring.persistence.repository.loop_siblings import Swap
from monitoring.service.loop.context import Context

# Stopped at another step, a challenger that is live was promoted for good, or by a person.
MAY_BE_HALF_DONE: StepName = "promote"


def clear_for(outcome: Outcome, reason: str, **more: Any) -> Next:
    """The step that ends a loop so."""
    return Next("clear", {"outcome": outcome, "reason": reason, **more})


def find_live(context: Context) -> Champion | None:
    """What is live now."""
    with context.units() as work:
        return work.loops.champion(context.use_case.name)


def changed_by_another(live: Champion | None) -> str:
    """Why a loop changes nothing that is live. live: what is."""
    who = "nothing is live" if live is None else f"deployment {live.id} is live"
    return f"somebody else has changed what is live: {who}"


def clear(context: Context) -> Found:
    """End the search, the shadow and the candidate that nobody needs any more, and roll back if due."""
    given, done = context.step.given, list[str]()
    outcome, reason, refused = given["outcome"], str(given["reason"]), ""
    try:
        _end_search(context, done)
        _clear_deployments(context, outcome, reason, done)
    except SiblingRefusedError as error:  # the loop ends all the same, and says what was left
        refused = f"not done: {error.error}"
        done.append(refused)
    live = find_live(context)
    if outcome == "rolled_back" and not _is(live, context.loop.champion_id):
        outcome = "failed" if refused else "superseded"
        reason = f"{reason}; {refused or changed_by_another(live)}"
    return Found("cleared", reason, End(outcome, reason), {"done": done})


def _end_search(context: Context, done: list[str]) -> None:
    search = context.loop.last("search")
    if search is None or search.outcome == "found" or "request" not in search.figures:
        return
    if "job_id" in search.figures:
        job_id = search.figures["job_id"]
    else:  # it may have been asked for: by its key, asking again finds it
        job_id = context.siblings.search(
            search.figures["request"], context.key_of(search), caller=context.caller
        )
    if job_id is not None and context.siblings.cancel(job_id, caller=context.caller):
        done.append("the search was cancelled")


def _clear_deployments(context: Context, outcome: Outcome, reason: str, done: list[str]) -> None:
    champion, challenger = context.loop.champion_id, context.loop.challenger_id or _trained_for(context)
    live = find_live(context)
    if champion and challenger and _is(live, challenger) and _is_to_be_taken_back(context, outcome):
        _roll_back(context, Swap(champion, instead_of=challenger), reason, done)
        live = find_live(context)
    is_live = _is(live, challenger)
    if champion is not None and not _is(live, champion) and (is_live or _has_promoted(context)):
        _end_role(context, champion, done)
    if challenger is not None and not is_live and outcome != "held":
        _drop(context, challenger, done)


def _is(live: Champion | None, deployment_id: int | None) -> bool:
    return live is not None and live.id == deployment_id


def _roll_back(context: Context, swap: Swap, reason: str, done: list[str]) -> None:
    name, key = context.use_case.name, f"{context.key}-back"
    why = f"{context.name}: {reason}"[:1000]
    if context.siblings.roll_back(name, swap, why, key, caller=context.caller):
        done.append(f"deployment {swap.deployment_id} is active again")


def _has_promoted(context: Context) -> bool:
    """Whether the champion may be a shadow of the loop's own making; one of a person's stays."""
    promoted = context.loop.last("promote")
    return promoted is not None and promoted.outcome != "superseded"


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
    return outcome in ("aborted", "failed") and context.step.given.get("at") == MAY_BE_HALF_DONE


def _trained_for(context: Context) -> int | None:
    """The candidate that an interrupted training may have left."""
    train = context.loop.last("train")
    if train is None:
        return None
    with context.units() as work:
        left = work.loops.candidate_of(context.loop, str(train.given["run_id"]))
    return None if left is None else left.id
