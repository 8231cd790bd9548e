"""Asking for verdicts, and reading those that are kept."""

from collections.abc import Callable
from dataclasses import dataclass

from fleet.caller import Caller
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.verdict import KeptVerdict
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.evidence.decision import Decision, replay
from monitoring.service.judging.judging import Asked, Judging


@dataclass(frozen=True)
class Replayed:
    """What a kept verdict's figures lead to when they are looked at again. same: as what was kept."""

    decision: Decision
    same: bool


class Verdicts:
    """Verdicts, each in a transaction of its own."""

    def __init__(self, units: Callable[[], MonitoringUnitOfWork], judging: Judging) -> None:
        self._units = units
        self._judging = judging

    def judge(self, use_case: str, asked: Asked, *, caller: Caller) -> KeptVerdict:
        """Judge a window and keep the verdict. Raises UnknownUseCaseError, and what `Judging.judge` does."""
        with self._units() as work:
            verdict = self._judging.judge(work, work.samples.find(use_case), asked, caller=caller)
            work.commit()
        return verdict

    def page(self, asked: PageRequest, *, use_case: str | None) -> Page[KeptVerdict]:
        """Kept verdicts, the newest first. use_case: only its own. Raises InvalidPageTokenError."""
        with self._units() as work:
            return work.verdicts.page(asked, use_case=use_case)

    def find(self, verdict_id: int) -> KeptVerdict:
        """A verdict that is kept. Raises VerdictNotFoundError."""
        with self._units() as work:
            return work.verdicts.find(verdict_id)


def replayed(verdict: KeptVerdict) -> Replayed:
    """Come to the decision again, from the figures that are kept."""
    decision = replay(verdict.figures)
    return Replayed(decision, (decision.verdict, decision.sentence) == (verdict.verdict, verdict.sentence))
