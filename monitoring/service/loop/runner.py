"""Takes a loop from step to step, until it has ended or waits for something that is not there yet."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from fleet.errors import AwayError, BugError, FleetError
from fleet.jobs import State, Work
from monitoring.persistence.model.loop import Found, Loop, Next, StepName
from monitoring.persistence.repository.loop_siblings import LoopSiblings
from monitoring.persistence.repository.loops import UnknownLoopError
from monitoring.service.loop import context as contexts
from monitoring.service.loop.context import Context, Units, loop_caller
from monitoring.service.loop.ending import clear, clear_for
from monitoring.service.loop.gating import gate
from monitoring.service.loop.preparing import judge, reserve, snapshot
from monitoring.service.loop.promoting import promote, watch
from monitoring.service.loop.searching import search, train
from monitoring.service.telling.occasions import tell_step

log = logging.getLogger(__name__)

STEPS: Mapping[StepName, contexts.Work] = MappingProxyType(
    {
        "judge": judge,
        "reserve": reserve,
        "snapshot": snapshot,
        "search": search,
        "train": train,
        "gate": gate,
        "promote": promote,
        "watch": watch,
        "clear": clear,
    }
)
PROGRESS: Mapping[StepName, float] = MappingProxyType(
    {
        "judge": 0.0,
        "reserve": 0.02,
        "snapshot": 0.05,
        "search": 0.1,
        "train": 0.8,
        "gate": 0.85,
        "promote": 0.9,
        "watch": 0.95,
        "clear": 0.97,
    }
)
MOST_AWAY_S = 3600.0
AWAY_SINCE = "away_since"


class LoopRunner:
    """units: opens a transaction. siblings: what is asked of ml_model and tracking."""

    def __init__(self, units: Units, siblings: LoopSiblings) -> None:
        self._units = units
        self._siblings = siblings

    def run(self, loop_id: int, job: Work) -> dict[str, Any]:
        """Do its steps. Raises AwayError where another service is away, which the job waits for."""
        while True:
            with self._units() as work:
                loop = work.loops.find(loop_id)
            if loop.ended_at is not None:
                return {"loop_id": loop_id, "outcome": loop.outcome, "reason": loop.reason}
            job.tell(PROGRESS[loop.step], loop.step)
            found = self._do(loop, job)
            if found is None:
                return {"loop_id": loop_id, "waits": f"{loop.step} waits for rows whose truth is known"}
            self.end_step(loop, found)

    def end_step(self, loop: Loop, found: Found) -> bool:
        """Write down how its step has ended, with the rows that it took; False if it had ended before."""
        with self._units() as work:
            use_case = work.samples.find(loop.use_case)
            if not work.loops.end_step(loop, loop.current, found):
                return False  # it was aborted meanwhile
            work.labelled.reserve(use_case, found.reserved, loop.id, found.look)
            tell_step(work, loop, found, caller=loop_caller(loop.id))
            work.commit()
        log.info("Loop %s, %s: %s, %s", loop.id, loop.step, found.outcome, found.reason)
        return True

    def give_up(self, loop_id: int, state: State, reason: str, job: Work) -> None:
        """End a loop whose job has ended without it."""
        try:
            with self._units() as work:
                loop = work.loops.find(loop_id)
        except UnknownLoopError:
            return  # its use case was removed
        if loop.ended_at is not None:
            return
        if loop.step != "clear":
            outcome, what = ("aborted", "cancelled") if state == "cancelled" else ("failed", reason)
            end = Found(outcome, what, clear_for(outcome, what, at=loop.step))  # type: ignore[arg-type]  # of these two
            self.end_step(loop, end)
        self.run(loop_id, job)

    def _do(self, loop: Loop, job: Work) -> Found | None:
        context = self._context(loop, job.tell)
        try:
            return STEPS[loop.step](context)
        except AwayError as error:
            self._note_away(loop, context, error)
            raise
        except Exception as error:
            if loop.step == "clear":
                raise
            log.exception("Loop %s failed at its step %s", loop.id, loop.step)
            told = error if isinstance(error, FleetError) else BugError()
            return _failed(loop, told.error)

    def _note_away(self, loop: Loop, context: Context, error: AwayError) -> None:
        """Has the step fail once it has been so for too long. What clears up goes on trying: without it
        something would stay live, or a shadow, that nobody wants."""
        with self._units() as work:
            now = work.now()
        since = context.step.figures.get(AWAY_SINCE)
        if since is None:
            context.note({AWAY_SINCE: now.isoformat()})
        elif loop.step != "clear" and (now - datetime.fromisoformat(since)).total_seconds() > MOST_AWAY_S:
            self.end_step(loop, _failed(loop, f"for too long: {error.error}"))

    def _context(self, loop: Loop, tell: Callable[[float, str], None]) -> Context:
        with self._units() as work:
            use_case = work.samples.find(loop.use_case)

        def note(figures: Mapping[str, Any]) -> bool:
            with self._units() as work:
                goes_on = work.loops.note(loop.current, figures)
                work.commit()
            return goes_on

        away = [AWAY_SINCE] if loop.current.figures.get(AWAY_SINCE) else []

        def is_answered() -> None:
            if away:
                note({away.pop(): None})

        return Context(
            loop=loop,
            step=loop.current,
            use_case=use_case,
            units=self._units,
            siblings=self._siblings,
            caller=loop_caller(loop.id),
            tell=tell,
            note=note,
            is_answered=is_answered,
        )


def _failed(loop: Loop, reason: str) -> Found:
    then: Next = clear_for("failed", reason, at=loop.step)
    return Found("failed", reason, then)
