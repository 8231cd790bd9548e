"""What is older than it is to be kept: counted, and deleted a batch at a time so that locks stay short."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from sqlalchemy import ColumnElement, and_, delete, func, select, tuple_
from sqlalchemy.orm import Session

from db.definition import Retention, UseCase
from db.sets import SetName, lock_set
from db.shared import ActivationRow, DeploymentRow, IdempotentAnswerRow, MonitoringResultRow, UseCaseRow
from db.tables import use_case_tables
from db.use_cases import find_use_case
from fleet.idempotency import KEPT_FOR


@dataclass(frozen=True)
class UseCaseDue:
    """How much of a use case is due. live_rows: samples that came in live, with targets and predictions."""

    use_case: str
    live_rows: int
    results: int


class RetentionRepository:
    """What is due, in the session's transaction. Deletions return how much they have deleted."""

    batch = 5000  # most rows that one deletion takes

    def __init__(self, session: Session) -> None:
        self._session = session

    def now(self) -> datetime:
        """PostgreSQL's time, by which everything is stored."""
        moment: datetime = self._session.scalars(select(func.now())).one()
        return moment

    def use_cases(self, name: str | None) -> list[tuple[UseCase, Retention]]:
        """Every use case, or the one of that name, with its retention. Raises UnknownUseCaseError."""
        every = self._session.scalars(select(UseCaseRow.name).order_by(UseCaseRow.name)).all()
        names = every if name is None else [name]
        return [(find_use_case(self._session, each), self._retention(each)) for each in names]

    def count(self, use_case: UseCase, retention: Retention, now: datetime) -> UseCaseDue:
        """How much is due at this moment."""
        samples = use_case_tables(use_case).samples
        live_rows = results = 0
        if retention.live_rows_days is not None:
            due = _live_rows_due(use_case, _before(now, retention.live_rows_days))
            live_rows = self._session.scalar(select(func.count()).select_from(samples).where(due)) or 0
        if retention.results_days is not None:
            due = _results_due(use_case, _before(now, retention.results_days))
            query = select(func.count()).select_from(MonitoringResultRow).where(due)
            results = self._session.scalar(query) or 0
        return UseCaseDue(use_case.name, live_rows, results)

    def delete_live_rows(self, use_case: UseCase, days: int, now: datetime) -> int:
        """Some that are due; their targets and predictions go with them.

        Waits for those who are reading a set: they could not store predictions of rows that are gone.
        """
        for name in get_args(SetName):
            lock_set(self._session, use_case, name, replacing=True)
        samples = use_case_tables(use_case).samples
        some = select(samples.c.sample_id).where(_live_rows_due(use_case, _before(now, days)))
        query = delete(samples).where(samples.c.sample_id.in_(some.limit(self.batch)))
        return len(self._session.execute(query.returning(samples.c.sample_id)).all())

    def delete_results(self, use_case: UseCase, days: int, now: datetime) -> int:
        """Some that are due."""
        row = MonitoringResultRow
        some = select(row.id).where(_results_due(use_case, _before(now, days))).limit(self.batch)
        return len(self._session.execute(delete(row).where(row.id.in_(some)).returning(row.id)).all())

    def count_answers(self, now: datetime) -> int:
        """Answers by Idempotency-Key that nobody is given any more."""
        due = IdempotentAnswerRow.kept_at <= now - KEPT_FOR
        return self._session.scalar(select(func.count()).select_from(IdempotentAnswerRow).where(due)) or 0

    def delete_answers(self, now: datetime) -> int:
        """Some of them."""
        row = IdempotentAnswerRow
        key = tuple_(row.service, row.route, row.caller, row.key)
        some = select(row.service, row.route, row.caller, row.key).where(row.kept_at <= now - KEPT_FOR)
        query = delete(row).where(key.in_(some.limit(self.batch)))
        return len(self._session.execute(query.returning(row.key)).all())

    def live_runs(self) -> list[str]:
        """The MLflow runs that what is live was chosen from: they are not to be deleted."""
        query = (
            select(DeploymentRow.run_id)
            .join(ActivationRow, ActivationRow.deployment_id == DeploymentRow.id)
            .where(ActivationRow.until.is_(None), DeploymentRow.run_id.is_not(None))
            .order_by(DeploymentRow.run_id)
            .distinct()
        )
        return [str(run_id) for run_id in self._session.scalars(query)]

    def _retention(self, name: str) -> Retention:
        return Retention.model_validate(self._session.get_one(UseCaseRow, name).retention)


def _before(now: datetime, days: int) -> datetime:
    return now - timedelta(days=days)


def _live_rows_due(use_case: UseCase, before: datetime) -> ColumnElement[bool]:
    samples = use_case_tables(use_case).samples
    return and_(samples.c.created_at < before, samples.c.origin == "live")


def _results_due(use_case: UseCase, before: datetime) -> ColumnElement[bool]:
    """The last verdict stays, however old: it is how the use case stands."""
    row = MonitoringResultRow
    last = select(func.max(row.id)).where(row.use_case == use_case.name, row.all_passed.is_not(None))
    is_last = row.id == func.coalesce(last.scalar_subquery(), 0)
    return and_(row.use_case == use_case.name, row.created_at < before, ~is_last)
