"""The last step: whatever a loop has left is cleared up, then it ends."""

from collections.abc import Callable
from typing import Any, TypeVar

from fleet.errors import AwayError, SiblingRefusedError
from monitoring.persistence.model.loop import Candidate, Champion, End, Found, Next, Outcome, StepName
from monitoring.persistence.repository.loop_siblings import Swap
from monitoring.service.loop.context import Context
from monitoring.service.loop.searching import ask_for_candidate

# Stopped at another step, a challenger that is live was promoted for good, or by a person.
MAY_BE_HALF_DONE: StepName = "promote"
DOUBT_S = 300.0  # that nobody may tell whether something was begun: then the loop ends without it

R = TypeVar("R")


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
    else:
        body, key = search.figures["request"], context.key_of(search)
        job_id = _asked_again(
            lambda: context.siblings.search(body, key, caller=context.caller), "a search", context, done
        )
    if job_id is not None and context.siblings.cancel(job_id, caller=context.caller):
        done.append("the search was cancelled")


def _asked_again(ask: Callable[[], R], what: str, context: Context, done: list[str]) -> R | None:
    """What was asked for by a step that did not live to be told of it: by its key, asking again finds it.

    None once nobody has told for so long that the loop goes on without. Raises AwayError before.
    """
    try:
        return ask()
    except AwayError:
        with context.units() as work:
            waited = work.now() - context.step.began_at
        if waited.total_seconds() < DOUBT_S:
            raise
        done.append(f"{what} may have been left: nobody could be asked")
        return None


def _clear_deployments(context: Context, outcome: Outcome, reason: str, done: list[str]) -> None:
    champion = context.loop.champion_id
    challenger = context.loop.challenger_id or _trained_for(context, done)
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


def _trained_for(context: Context, done: list[str]) -> int | None:
    """The candidate that an interrupted training may have left, or is about to leave."""
    train = context.loop.last("train")
    if train is None:
        return None
    run_id = str(train.given["run_id"])

    def ask() -> Candidate | None:
        with context.units() as work:
            left = work.loops.candidate_of(context.loop, run_id)
        return ask_for_candidate(context, train) if left is None and train.figures.get("asked") else left

    left = _asked_again(ask, "a candidate", context, done)
    return None if left is None else left.id
