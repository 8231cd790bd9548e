"""Judges a use case as its policy says, and begins a loop where that follows."""

import logging
from typing import Any, Protocol

from db.definition import UseCase
from fleet.caller import Caller
from monitoring.persistence.model.loop import MARK, Loop
from monitoring.persistence.model.policy import Policy
from monitoring.persistence.model.verdict import KeptVerdict
from monitoring.persistence.repository.loops import LoopInFlightError
from monitoring.persistence.repository.policies import KeptPolicy
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.judging.judging import Asked
from monitoring.service.loop.context import Units
from monitoring.service.loop.loops import ChampionChangedError, Loops, Told
from monitoring.service.loop.schedule import due
from monitoring.service.telling.occasions import tell_verdict

log = logging.getLogger(__name__)

ASKS_FOR_NEW_ROWS = ("rejected", "held", "rolled_back", "failed")
FEWEST_ANSWERED = 0.5  # of a window's rows, by the model that is live


class Judges(Protocol):
    """Comes to a verdict on a window and keeps it, in the caller's transaction; see Judging."""

    def judge(
        self, work: MonitoringUnitOfWork, use_case: UseCase, asked: Asked, *, caller: Caller
    ) -> KeptVerdict: ...


class JudgingByPolicy:
    """units: opens a transaction."""

    def __init__(self, units: Units, judging: Judges, loops: Loops) -> None:
        self._units = units
        self._judging = judging
        self._loops = loops

    def judge(self, use_case: str, *, caller: Caller) -> dict[str, Any]:
        """Judge all windows that wait, each in its own transaction: the ids of what came of it."""
        found: dict[str, Any] = {"verdicts": [], "loops": []}
        while self._judge_next(use_case, found, caller):
            pass
        return found

    def _judge_next(self, name: str, found: dict[str, Any], caller: Caller) -> bool:
        """Whether there was anything to judge.

        The policy is held once the verdict is there: nobody waits for it to change the policy. If somebody
        did, or judged by it, nothing of this is kept.
        """
        with self._units() as work:
            kept = work.policies.find(name)
            if kept is None:
                return False
            use_case = work.samples.find(name)
            to_do = due(work, use_case, kept)
            if to_do is None:
                return False
            if to_do.window is None:
                return _pass_over(work, kept)
            asked = Asked(window=to_do.window, evidence=kept.policy.evidence, by_policy=True)
            verdict = self._judging.judge(work, use_case, asked, caller=caller)
            if work.policies.find(name, hold=True) != kept:
                return True
            work.policies.judged(name, verdict.last_id)
            tell_verdict(work, name, verdict, caller=caller)
            loop = self._follow(work, use_case, kept, verdict, caller)
            work.commit()
        log.info("%s: %s", name, verdict.sentence)
        found["verdicts"].append(verdict.id)
        if loop is not None:
            found["loops"].append(loop.id)
        return True

    def _follow(
        self,
        work: MonitoringUnitOfWork,
        use_case: UseCase,
        kept: KeptPolicy,
        verdict: KeptVerdict,
        caller: Caller,
    ) -> Loop | None:
        """The loop that the verdict begins, if it does."""
        if verdict.verdict != "act" or kept.policy.action == "notify":
            return None
        if not _is_about_what_is_live(work, use_case, verdict):
            return None
        if not _may_begin(work, use_case, kept.policy):
            return None
        told = Told(verdict.id, verdict.verdict, verdict.sentence)
        try:
            return self._loops.begin_in(
                work,
                use_case.name,
                kept.policy,
                caller=caller,
                verdict=told,
                champion_id=verdict.deployment_id,
            )
        except (LoopInFlightError, ChampionChangedError) as error:  # somebody was faster: the verdict stays
            log.info("%s: verdict %s begins no loop: %s", use_case.name, verdict.id, error.error)
            return None


def _pass_over(work: MonitoringUnitOfWork, kept: KeptPolicy) -> bool:
    if work.policies.find(kept.use_case, hold=True) == kept:
        work.policies.judged(kept.use_case, kept.judged_until)
        work.commit()
    return True


def _is_about_what_is_live(work: MonitoringUnitOfWork, use_case: UseCase, verdict: KeptVerdict) -> bool:
    """Whether the model that is live answered the window's rows.

    What another one answered, as in windows that waited while it was replaced, is no reason to replace it.
    """
    champion, answered = work.loops.champion(use_case.name), verdict.figures["predicted"]
    if champion is None or champion.id != verdict.deployment_id or answered < FEWEST_ANSWERED * verdict.rows:
        return False
    return answered == verdict.rows or work.loops.is_live_since(use_case, verdict.first_id)


def _may_begin(work: MonitoringUnitOfWork, use_case: UseCase, policy: Policy) -> bool:
    """Whether none is under way, and the last one was long enough ago, with enough learnt since."""
    if work.loops.in_flight(use_case.name) is not None:
        return False
    last = work.loops.last_ended(use_case.name)
    if last is None or last.ended_at is None:
        return True
    if (work.now() - last.ended_at).total_seconds() < policy.cool_down:
        return False
    if last.outcome not in ASKS_FOR_NEW_ROWS:
        return True
    mark, wanted = _mark(last), policy.gate.rows
    return len(work.labelled.after(use_case, mark, wanted, undecided=True)) >= wanted


def _mark(loop: Loop) -> int:
    """Up to which truth it has learned: its snapshot's, or what its last step knows; 0 if none does."""
    learned = loop.last("snapshot")
    steps = loop.steps if learned is None else [learned]
    return next((int(step.figures[MARK]) for step in reversed(steps) if MARK in step.figures), 0)
