"""Loops from outside: begun, looked at, aborted."""

from dataclasses import dataclass

from db.live import NothingLiveError
from fleet.caller import Caller
from fleet.errors import ConflictError, InvalidRequestError
from fleet.jobs import Asked, JobEndedError, UnknownJobError
from monitoring.persistence.model.loop import Found, Loop, Next
from monitoring.persistence.model.policy import Action, Policy
from monitoring.persistence.repository.loops import LoopEndedError
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.loop.context import Units
from monitoring.service.loop.ending import clear_for
from monitoring.service.telling.occasions import tell_start

KIND = "loop"


class VerdictOfAnotherError(InvalidRequestError):
    """A loop of one use case was to begin with a verdict on another one."""

    def __init__(self, verdict_id: int, use_case: str) -> None:
        super().__init__(
            f"Verdict {verdict_id} is none of use case '{use_case}'",
            f"Use a verdict_id that GET /root/monitoring/verdicts?use_case={use_case} lists",
        )


class UnfitChallengerError(ConflictError):
    """What was to be promoted under watch cannot be."""

    def __init__(self, deployment_id: int, why: str) -> None:
        super().__init__(
            f"Deployment {deployment_id} {why}",
            "Name one that GET /root/ml/deployments lists as trained and not live; "
            "POST /root/ml/deployments trains a candidate",
        )


class ChampionChangedError(ConflictError):
    """Another deployment is live than the one that a loop was to begin against."""

    def __init__(self, live: int) -> None:
        super().__init__(
            f"Deployment {live} is live by now, and another one was judged",
            "Nothing is to be done: what is live now is judged by its own rows",
        )


@dataclass(frozen=True)
class Told:
    """A verdict that a loop begins with."""

    id: int
    verdict: str
    sentence: str


class Loops:
    """units: opens a transaction. limit_s: that a loop's job may take."""

    def __init__(self, units: Units, *, limit_s: float) -> None:
        self._units = units
        self._limit_s = limit_s

    def begin(
        self,
        use_case: str,
        *,
        caller: Caller,
        action: Action | None = None,
        verdict_id: int | None = None,
        challenger_id: int | None = None,
    ) -> Loop:
        """By hand. action: what it may do, instead of what the policy says. verdict_id: that it begins with.

        Where the policy only tells, it promotes what passes the gate. challenger_id: a deployment that is
        promoted at once, without a search and a gate, and then watched. Raises UnknownUseCaseError,
        VerdictNotFoundError, VerdictOfAnotherError, NothingLiveError, UnfitChallengerError,
        LoopInFlightError.
        """
        with self._units() as work:
            name = work.samples.find(use_case).name
            kept = work.policies.find(name)
            policy = Policy() if kept is None else kept.policy
            if action is None and policy.action == "notify":
                action = "retrain_and_promote"
            if action is not None:
                policy = policy.model_copy(update={"action": action})
            verdict = None if verdict_id is None else _told(work, name, verdict_id)
            if challenger_id is not None and not work.loops.is_trained(name, challenger_id):
                raise UnfitChallengerError(challenger_id, f"is no trained one of use case '{name}'")
            loop = self.begin_in(
                work, name, policy, caller=caller, verdict=verdict, challenger_id=challenger_id
            )
            work.commit()
        return loop

    def begin_in(  # noqa: PLR0913  # what a loop begins with
        self,
        work: MonitoringUnitOfWork,
        use_case: str,
        policy: Policy,
        *,
        caller: Caller,
        verdict: Told | None = None,
        challenger_id: int | None = None,
        champion_id: int | None = None,
    ) -> Loop:
        """In a transaction of the caller's.

        verdict: that it begins with; none by hand. challenger_id: as of `begin`. champion_id: that must be
        live; raises ChampionChangedError otherwise, and what `begin` does.
        """
        champion = work.loops.champion(use_case)
        if champion is None:
            raise NothingLiveError(use_case)
        if champion_id not in (None, champion.id):
            raise ChampionChangedError(champion.id)
        if champion.id == challenger_id:
            raise UnfitChallengerError(champion.id, "is live already")
        given = {} if verdict is None else {"verdict": verdict.verdict, "sentence": verdict.sentence}
        loop_id = work.loops.begin(
            use_case,
            policy,
            champion.id,
            Next("judge", given) if challenger_id is None else Next("promote"),
            verdict_id=None if verdict is None else verdict.id,
            challenger_id=challenger_id,
            actor=caller.name,
        )
        loop = work.loops.find(loop_id)
        self.submit(work, loop, caller)
        tell_start(work, loop, caller=caller)
        work.audit.add("begin_loop", loop_id, caller, use_case=use_case)
        return work.loops.find(loop_id)

    def submit(self, work: MonitoringUnitOfWork, loop: Loop, caller: Caller) -> None:
        """Have a worker go on with it."""
        asked = Asked(KIND, {"loop_id": loop.id}, caller, lock=f"loop {loop.id}")
        job = work.jobs.add(asked, limit_s=self._limit_s)
        work.loops.give_job(loop.id, job.id)

    def abort(self, loop_id: int, *, caller: Caller) -> Loop:
        """The champion stays; once the challenger was promoted, what is live stays.

        Raises UnknownLoopError, LoopEndedError.
        """
        with self._units() as work:
            loop = work.loops.find(loop_id, hold=True)
            if loop.ended_at is not None:
                raise LoopEndedError(loop_id)
            if loop.step != "clear":
                why = f"aborted by {caller.name}"
                end = Found("aborted", why, clear_for("aborted", why, at=loop.step))
                work.loops.end_step(loop, loop.current, end)
            if not _cancelled(work, loop.job_id):
                self.submit(work, work.loops.find(loop_id), caller)
            work.audit.add("abort_loop", loop_id, caller, use_case=loop.use_case)
            work.commit()
            return work.loops.find(loop_id)


def _told(work: MonitoringUnitOfWork, use_case: str, verdict_id: int) -> Told:
    verdict = work.verdicts.find(verdict_id)
    if verdict.use_case != use_case:
        raise VerdictOfAnotherError(verdict_id, use_case)
    return Told(verdict.id, verdict.verdict, verdict.sentence)


def _cancelled(work: MonitoringUnitOfWork, job_id: str | None) -> bool:
    """Whether its job was at work, so that it clears up when it is ended."""
    if job_id is None:
        return False
    try:
        return not work.jobs.cancel(job_id).has_ended
    except (JobEndedError, UnknownJobError):
        return False
