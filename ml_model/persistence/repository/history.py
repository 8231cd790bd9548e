"""Which deployments there were, and what they were used for, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.paging import newest_first
from db.shared import ActivationRow, DeploymentRow
from fleet.catalogue import Preprocessing
from fleet.errors import NotFoundError
from fleet.paging import Page, PageRequest
from ml_model.persistence.model.deployment import IN_TRAINING, Activation, DeploymentRecord, Role

LARGEST_ID = 2**63 - 1


class UnknownDeploymentError(NotFoundError):
    """There is no deployment of that id, or it is another use case's."""

    def __init__(self, deployment_id: int, use_case: str | None = None) -> None:
        of = f" of '{use_case}'" if use_case else ""
        super().__init__(
            f"There is no deployment {deployment_id}{of}",
            "GET /root/ml/deployments lists those that there are",
        )


class HistoryRepository:
    """Deployments with their activations, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def page(self, use_case: str, asked: PageRequest) -> Page[DeploymentRecord]:
        """Every deployment of a use case, that which was set last first. Raises InvalidPageTokenError."""
        query = select(DeploymentRow).where(DeploymentRow.use_case == use_case)
        keys = [DeploymentRow.set_at, DeploymentRow.id]
        rows = newest_first(self._session, query, keys, asked, lambda found: cast(DeploymentRow, found[0]))
        return Page(self._records(rows.items), rows.next_token)

    def find(self, deployment_id: int) -> DeploymentRecord:
        """Raises UnknownDeploymentError."""
        row = self._session.get(DeploymentRow, deployment_id) if deployment_id <= LARGEST_ID else None
        if row is None:
            raise UnknownDeploymentError(deployment_id)
        return self._records([row])[0]

    def at(self, use_case: str, moment: datetime) -> list[DeploymentRecord]:
        """What was used at that moment, each with the activations of that moment only."""
        then = (ActivationRow.since <= moment) & (
            ActivationRow.until.is_(None) | (ActivationRow.until > moment)
        )
        of_use_case = (ActivationRow.use_case == use_case) & then
        query = (
            select(DeploymentRow)
            .where(DeploymentRow.id.in_(select(ActivationRow.deployment_id).where(of_use_case)))
            .order_by(DeploymentRow.set_at.desc(), DeploymentRow.id.desc())
        )
        return self._records(self._session.scalars(query).all(), then)

    def previous(self, use_case: str) -> int | None:
        """The deployment that was active before the one that is."""
        active = (ActivationRow.use_case == use_case) & (ActivationRow.role == "active")
        now = select(ActivationRow.deployment_id).where(active, ActivationRow.until.is_(None))
        query = (
            select(ActivationRow.deployment_id)
            .where(active, ActivationRow.until.is_not(None), ActivationRow.deployment_id.not_in(now))
            .order_by(ActivationRow.since.desc(), ActivationRow.id.desc())
            .limit(1)
        )
        return self._session.scalar(query)

    def _records(
        self, rows: Sequence[DeploymentRow], which: ColumnElement[bool] | None = None
    ) -> list[DeploymentRecord]:
        ids = [row.id for row in rows]
        query = select(ActivationRow).where(ActivationRow.deployment_id.in_(ids)).order_by(ActivationRow.id)
        activations = defaultdict(list)
        for activation in self._session.scalars(query if which is None else query.where(which)):
            activations[activation.deployment_id].append(activation)
        return [_record(row, activations[row.id]) for row in rows]


def _record(row: DeploymentRow, activations: Iterable[ActivationRow]) -> DeploymentRecord:
    told = [_activation(each) for each in activations]
    return DeploymentRecord(
        id=row.id,
        use_case=row.use_case,
        model_name=row.model_name,
        hyperparameters=row.hyperparameters,
        preprocessing=cast(Preprocessing, row.preprocessing),
        run_id=row.run_id,
        set_at=row.set_at,
        trained_at=row.trained_at,
        active_since=next((each.since for each in told if each.role == "active" and not each.until), None),
        actor=row.actor,
        failure=None if row.failure is None or row.failure.startswith(IN_TRAINING) else row.failure,
        metrics=row.metrics or {},
        activations=told,
    )


def _activation(row: ActivationRow) -> Activation:
    return Activation(
        role=cast(Role, row.role),
        share=row.share,
        since=row.since,
        until=row.until,
        reason=row.reason,
        actor=row.actor,
    )
