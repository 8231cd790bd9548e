"""Which deployments a use case is served by at the moment, in PostgreSQL."""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.shared import ActivationRow, DeploymentRow, LiveVersionRow
from ml_model.persistence.model.deployment import Deployment, LiveRole, Role


class RoleRepository:
    """Roles that last, in the session's transaction. A change is a row that ends, and a new one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lasting(self, use_case: str | None = None) -> list[LiveRole]:
        """In the order in which they were given. use_case: only its own."""
        query = (
            select(ActivationRow, DeploymentRow.model_name)
            .join(DeploymentRow, DeploymentRow.id == ActivationRow.deployment_id)
            .where(ActivationRow.until.is_(None))
            .order_by(ActivationRow.id)
        )
        if use_case is not None:
            query = query.where(ActivationRow.use_case == use_case)
        return [_role(row, model_name) for row, model_name in self._session.execute(query)]

    def version(self) -> UUID | None:
        """Another one after every change of what is live, or of which use cases there are."""
        return self._session.scalar(select(LiveVersionRow.version))

    def end(self, deployment_id: int) -> bool:
        """End what the deployment is used for beside the active one; whether it was used."""
        query = (
            update(ActivationRow)
            .where(
                ActivationRow.deployment_id == deployment_id,
                ActivationRow.until.is_(None),
                ActivationRow.role != "active",
            )
            .values(until=self._now())
            .returning(ActivationRow.id)
        )
        return bool(self._session.execute(query).all())

    def give(
        self, deployment: Deployment, role: Role, *, share: float | None, reason: str | None, actor: str
    ) -> None:
        """Use a deployment beside the active one, from now on. share: of the traffic, of a canary."""
        self.end(deployment.id)
        activation = ActivationRow(
            deployment_id=deployment.id,
            use_case=deployment.use_case,
            role=role,
            share=share,
            since=self._now(),
            reason=reason,
            actor=actor,
        )
        self._session.add(activation)
        self._session.flush()

    def _now(self) -> datetime:
        moment: datetime = self._session.scalars(select(func.clock_timestamp())).one()
        return moment


def _role(row: ActivationRow, model_name: str) -> LiveRole:
    return LiveRole(
        activation_id=row.id,
        use_case=row.use_case,
        role=cast(Role, row.role),
        share=row.share,
        deployment_id=row.deployment_id,
        model_name=model_name,
    )
