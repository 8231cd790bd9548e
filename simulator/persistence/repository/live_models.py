"""Whether ml_model has a live model, as PostgreSQL tells."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.shared import ActivationRow, DeploymentRow


class LiveModelRepository:
    """In the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def has_one(self, use_case: str) -> bool:
        """Whether a model of the use case answers live rows."""
        live = (
            select(ActivationRow.id)
            .join(DeploymentRow, DeploymentRow.id == ActivationRow.deployment_id)
            .where(
                DeploymentRow.use_case == use_case,
                ActivationRow.role == "active",
                ActivationRow.until.is_(None),
            )
        )
        return bool(self._session.scalar(select(live.exists())))
