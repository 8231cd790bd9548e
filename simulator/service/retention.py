"""Deletes what is older than its use case wants it kept."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from db.definition import Retention, UseCase
from db.retention import RetentionRepository, UseCaseDue
from fleet.caller import Caller
from simulator.persistence.unit_of_work import SimulatorUnitOfWork

Deletion = Callable[[RetentionRepository], int]


@dataclass(frozen=True)
class Due:
    """What is due, or was deleted. answers: by Idempotency-Key; live_runs: MLflow's, which must stay."""

    use_cases: list[UseCaseDue]
    answers: int
    live_runs: list[str]


@dataclass(frozen=True)
class Plan:
    """What is due at one moment."""

    now: datetime
    due: Due
    kept: dict[UseCase, Retention]


class RetentionService:
    """Says what is due, and deletes it. units: opens a transaction."""

    def __init__(self, units: Callable[[], SimulatorUnitOfWork]) -> None:
        self._units = units

    def due(self, use_case: str | None = None) -> Due:
        """What would be deleted now. use_case: only its own. Raises UnknownUseCaseError."""
        with self._units() as work:
            return _plan(work, use_case).due

    def prune(self, use_case: str | None = None, *, caller: Caller) -> Due:
        """Delete what is due, in batches; returns what was deleted. Raises UnknownUseCaseError.

        It is written down before anything is deleted.
        """
        with self._units() as work:
            plan = _plan(work, use_case)
            _write_down(work, plan.due, caller)
            work.commit()
        deleted = [self._prune(of, retention, plan.now) for of, retention in plan.kept.items()]
        answers = self._repeat(lambda due: due.delete_answers(plan.now)) if plan.due.answers else 0
        return Due(deleted, answers, plan.due.live_runs)

    def _prune(self, use_case: UseCase, retention: Retention, now: datetime) -> UseCaseDue:
        live_rows = results = 0
        if (days := retention.live_rows_days) is not None:
            live_rows = self._repeat(lambda due: due.delete_live_rows(use_case, days, now))
        if (kept := retention.results_days) is not None:
            results = self._repeat(lambda due: due.delete_results(use_case, kept, now))
        return UseCaseDue(use_case.name, live_rows, results)

    def _repeat(self, delete: Deletion) -> int:
        total = 0
        while True:
            with self._units() as work:
                deleted = delete(work.retention)
                work.commit()
            total += deleted
            if deleted < work.retention.batch:
                return total


def _plan(work: SimulatorUnitOfWork, use_case: str | None) -> Plan:
    now = work.retention.now()
    kept = dict(work.retention.use_cases(use_case))
    counted = [work.retention.count(of, retention, now) for of, retention in kept.items()]
    answers = work.retention.count_answers(now) if use_case is None else 0
    return Plan(now, Due(counted, answers, work.retention.live_runs()), kept)


def _write_down(work: SimulatorUnitOfWork, due: Due, caller: Caller) -> None:
    for each in due.use_cases:
        for kind in ("live_rows", "results"):
            if getattr(each, kind):
                work.audit.add("prune", kind, caller, use_case=each.use_case)
    if due.answers:
        work.audit.add("prune", "answers", caller)
