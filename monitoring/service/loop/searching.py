"""The steps that make a challenger: tracking searches, ml_model trains the best as a candidate."""

import time
from typing import Any

from fleet.errors import SiblingRefusedError
from fleet.jobs import AT_WORK
from monitoring.persistence.model.loop import Candidate, Champion, Found, Next, Step
from monitoring.persistence.model.policy import SearchPolicy
from monitoring.service.loop.context import Context

POLL_S = 0.5
SHARE_BEFORE, SHARE_OF_SEARCH = 0.1, 0.7  # of a loop's progress
DEFAULT_BUDGET = {"candidates": 30}


def search(context: Context) -> Found:
    """Wait for tracking's search; an attempt that comes later waits for the same one."""
    job_id = context.step.figures.get("job_id")
    if job_id is None:
        body = context.step.figures.get("request") or _request(context)
        if not context.note({"request": body}):  # before it is asked for: whoever clears up has to know
            return _failed("the loop was aborted", {})
        try:
            job_id = context.siblings.search(body, context.key, caller=context.caller)
        except SiblingRefusedError as error:
            return _failed(f"tracking refused the search: {error.error}", {"job_id": None})
        context.note({"job_id": job_id})
    job = _wait(context, str(job_id))
    if job["status"] != "succeeded":
        why = (job.get("error") or {}).get("error", "somebody cancelled it")
        return _failed(f"the search {job['status']}: {why}", {})
    data = job["result"]["data"]
    best = data["best_model"]
    figures = {"experiment_id": data["experiment_id"], "best_model": best, "run_id": data["run_ids"][best]}
    reason = f"{best} is the best of what was searched"
    return Found("found", reason, Next("train", {"run_id": figures["run_id"]}), figures)


def train(context: Context) -> Found:
    """A candidate of the best run; what is live stays live.

    One that is there already was trained, or still is, by an attempt that was not told of it: the key of its
    request is forgotten if what was to keep the answer died. Raises StillTrainingError.
    """
    run_id = str(context.step.given["run_id"])
    with context.units() as work:
        found = work.loops.candidate_of(context.loop, run_id)
    if found is None:
        if not context.note({"asked": True}):
            return _failed("the loop was aborted", {})
        try:
            found = ask_for_candidate(context, context.step)
        except SiblingRefusedError as error:
            why = f"the challenger could not be trained: {error.error}"
            return _failed(why, {"run_id": run_id, "asked": False})
    figures = {"deployment_id": found.id, "model_name": found.model_name, "run_id": run_id}
    reason = f"deployment {found.id}, {found.model_name}, is the challenger"
    return Found("trained", reason, Next("gate"), figures, changes={"challenger_id": found.id})


def ask_for_candidate(context: Context, step: Step) -> Candidate:
    """Have ml_model train the one that the step is about, or tell of it: by the step's key it is one.

    Raises SiblingAwaitedError, SiblingRefusedError.
    """
    run_id, snapshot_id = str(step.given["run_id"]), context.loop.snapshot_id or 0
    told = context.siblings.train_candidate(
        context.use_case.name, run_id, snapshot_id, context.key_of(step), caller=context.caller
    )
    return Candidate(int(told["id"]), str(told["model_name"]))


def _wait(context: Context, job_id: str) -> dict[str, Any]:
    while True:
        job = context.siblings.job(job_id, caller=context.caller)
        if job["status"] not in AT_WORK:
            return job
        context.is_answered()
        done = SHARE_BEFORE + SHARE_OF_SEARCH * float(job["progress"])
        context.tell(done, f"search: {job['detail'] or job['status']}")
        time.sleep(POLL_S)


def _request(context: Context) -> dict[str, Any]:
    with context.units() as work:
        champion = work.loops.champion(context.use_case.name)
    policy, loop = context.loop.policy.search, context.loop
    body = {
        "request_information": "optimization",
        "use_case": context.use_case.name,
        "experiment_name": f"{context.use_case.name}, {context.name}",
        "experiment_description": f"Searched by {context.name} of monitoring",
        "snapshot_id": loop.snapshot_id,
        "cv": policy.cv,
        **_space(policy, champion),
    }
    if policy.scoring is not None:
        body["scoring"] = policy.scoring
    return body


def _space(policy: SearchPolicy, champion: Champion | None) -> dict[str, Any]:
    """What is tried. The champion's own setting is always among it."""
    models: Any = policy.models
    grids = {name: dict(grid) for name, grid in policy.hyperparameters.items()}
    space: dict[str, Any] = {}
    if champion is not None:
        space["preprocessing"] = champion.preprocessing
        space["include"] = {champion.model_name: dict(champion.hyperparameters)}
        if models != "auto" and champion.model_name not in models:
            models = [*models, champion.model_name]
            grids[champion.model_name] = {}
    method = policy.method or ("grid" if grids and models != "auto" else "random")
    budget = None if policy.budget is None else policy.budget.model_dump(exclude_none=True)
    if method != "grid":
        space["budget"] = budget or DEFAULT_BUDGET
    return {**space, "models": models, "hyperparameters": grids, "method": method}


def _failed(reason: str, figures: dict[str, Any]) -> Found:
    return Found("failed", reason, Next("clear", {"outcome": "failed", "reason": reason}), figures)
