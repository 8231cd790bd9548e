"""Who did what: written in the transaction of the very change, and never changed afterwards."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.paging import newest_first
from db.records import as_record
from db.shared import AuditEventRow
from fleet.caller import Caller
from fleet.paging import Page, PageRequest

Action = Literal[
    "load_set",
    "set_model",
    "train",
    "train_failed",
    "activate",
    "discard",
    "rollback",
    "set_role",
    "end_role",
    "delete_experiment",
    "delete_experiment_in_doubt",
    "delete_run",
    "delete_run_in_doubt",
    "prune",
    "add_use_case",
    "remove_use_case",
    "begin_loop",
    "abort_loop",
    "set_policy",
    "remove_policy",
]

RECENTLY = timedelta(minutes=30)


@dataclass(frozen=True)
class AuditEvent:
    """What was done. subject: to what; the set's name, or the id of the deployment, experiment or run."""

    id: int
    at: datetime
    service: str
    action: str
    use_case: str | None
    subject: str
    actor: str
    request_id: str


class AuditRepository:
    """`audit_events`, in the session's transaction. service: the one that it writes for."""

    def __init__(self, session: Session, service: str) -> None:
        self._session = session
        self._service = service

    def add(self, action: Action, subject: object, caller: Caller, *, use_case: str | None = None) -> None:
        """Write down what the caller has done. use_case: whose data or model it was, where that is known."""
        row = AuditEventRow(
            service=self._service,
            action=action,
            use_case=use_case,
            subject=str(subject),
            actor=caller.name,
            request_id=caller.request_id,
        )
        self._session.add(row)
        self._session.flush()

    def subject_of(self, service: str, action: Action, caller: Caller) -> str | None:
        """What another service did it to in the caller's request: not long ago, for ids may come again."""
        row = AuditEventRow
        query = select(row.subject).where(
            row.service == service,
            row.action == action,
            row.request_id == caller.request_id,
            row.actor == caller.name,
            row.at > func.now() - RECENTLY,
        )
        return self._session.scalar(query.order_by(row.id.desc()).limit(1))

    def page(self, asked: PageRequest, *, use_case: str | None = None) -> Page[AuditEvent]:
        """Events of all services, the newest first. use_case: only its own."""
        query = select(AuditEventRow)
        if use_case is not None:
            query = query.where(AuditEventRow.use_case == use_case)
        return newest_first(
            self._session, query, [AuditEventRow.id], asked, lambda found: as_record(AuditEvent, found[0])
        )
