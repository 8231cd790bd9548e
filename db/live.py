"""Which deployment answers a use case's live rows."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.shared import ActivationRow
from fleet.errors import ConflictError

IS_LIVE = (ActivationRow.role == "active") & ActivationRow.until.is_(None)
SET_ONE = 'Set one with POST /root/ml/set_model, then call POST /root/ml with {"dataset": "training"}'


class NothingLiveError(ConflictError):
    """No model of the use case is live.

    to_do: what the caller may do about it beside setting one, as the end of that sentence.
    """

    def __init__(self, use_case: str, to_do: str = "") -> None:
        super().__init__(f"No model of '{use_case}' is live", SET_ONE + to_do)


def live_deployment(session: Session, use_case: str) -> int | None:
    """The one that is live; None while none is."""
    live = select(ActivationRow.deployment_id).where(ActivationRow.use_case == use_case, IS_LIVE)
    return session.scalar(live)
