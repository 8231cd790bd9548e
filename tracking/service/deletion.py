"""Deletions in MLflow, written down whether MLflow says that they were done or not."""

from collections.abc import Callable
from dataclasses import dataclass

from db.audit import Action
from fleet.caller import Caller
from tracking.persistence.repository.mlflow_connection import MlflowInDoubtError
from tracking.persistence.unit_of_work import TrackingUnitOfWork


@dataclass(frozen=True)
class Deletion:
    """What is written down: action, or in_doubt where nobody can tell whether it was done."""

    action: Action
    in_doubt: Action
    subject: str
    caller: Caller
    use_case: str | None = None


def audited(units: Callable[[], TrackingUnitOfWork], delete: Callable[[], None], told: Deletion) -> None:
    """Delete, and keep what is to be told of it; whatever the deletion raises comes through."""
    try:
        with units() as work:
            # First, so that nothing is deleted that could not be written down; kept if it was deleted.
            work.audit.add(told.action, told.subject, told.caller, use_case=told.use_case)
            delete()
            work.commit()
    except MlflowInDoubtError:
        with units() as work:
            work.audit.add(told.in_doubt, told.subject, told.caller, use_case=told.use_case)
            work.commit()
        raise
