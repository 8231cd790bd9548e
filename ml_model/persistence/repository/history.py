"""Which deployments there were, and what they were used for, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db.paging import newest_first
from db.records import as_record
from db.shared import ActivationRow, DeploymentRow
from db.use_cases import UnknownDeploymentError
from fleet.paging import Page, PageRequest
from ml_model.persistence.model.deployment import Activation, DeploymentRecord

LARGEST_ID = 2**63 - 1


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
        if deployment_id > LARGEST_ID:
            raise UnknownDeploymentError(deployment_id)
        # Anew: whoever has waited for others wants to see what they did.
        row = self._session.get(DeploymentRow, deployment_id, populate_existing=True)
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
    told = [as_record(Activation, each) for each in activations]
    active_since = next((each.since for each in told if each.role == "active" and not each.until), None)
    return as_record(
        DeploymentRecord, row, metrics=row.metrics or {}, activations=told, active_since=active_since
    )
