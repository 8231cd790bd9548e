"""Loops as they are kept, and their decisions come to again."""

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.paging import Page, PageRequest
from monitoring.persistence.model.loop import Loop, Step, StepName
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.evidence.decision import replay
from monitoring.service.loop.context import Units
from monitoring.service.loop.gating import replay_gate
from monitoring.service.loop.promoting import replay_watch


@dataclass(frozen=True)
class ReplayedStep:
    """What a step's figures lead to when they are looked at again. same: as what was kept."""

    name: StepName
    look: int
    verdict: str
    reason: str
    same: bool


@dataclass(frozen=True)
class ReplayedLoop:
    """The steps that decided something. same: whether all came to the same again."""

    steps: Sequence[ReplayedStep]
    same: bool


class LoopRecords:
    """units: opens a transaction."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def find(self, loop_id: int) -> Loop:
        """With its steps. Raises UnknownLoopError."""
        with self._units() as work:
            return work.loops.find(loop_id)

    def page(self, asked: PageRequest, *, use_case: str | None) -> Page[Loop]:
        """Without their steps, the newest first. use_case: only its own. Raises InvalidPageTokenError."""
        with self._units() as work:
            return work.loops.page(asked, use_case=use_case)

    def replay(self, loop: Loop) -> ReplayedLoop:
        """Decide again: by the verdict that it began with, at each look of the gate and of the watch."""
        with self._units() as work:
            found = [again for step in loop.steps if (again := _replayed(work, loop, step)) is not None]
        return ReplayedLoop(found, all(step.same for step in found))


def _replayed(work: MonitoringUnitOfWork, loop: Loop, step: Step) -> ReplayedStep | None:
    decided = _decided(work, loop, step)
    if decided is None:
        return None
    return ReplayedStep(step.name, step.look, *decided, same=decided == (step.outcome, step.reason))


def _decided(work: MonitoringUnitOfWork, loop: Loop, step: Step) -> tuple[str, str] | None:
    """Verdict and reason; None where the step has decided nothing, or not yet."""
    if step.name == "judge" and loop.verdict_id is not None:
        verdict = replay(work.verdicts.find(loop.verdict_id).figures)
        return verdict.verdict, verdict.sentence
    if "paired" not in step.figures:
        return None
    if step.name == "gate":
        gate = replay_gate(step.figures)
        return gate.verdict, gate.reason
    watch = replay_watch(step.figures, loop.policy.watch_rows)
    return watch.verdict, watch.reason
