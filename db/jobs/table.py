"""What services and children ask of the table of jobs."""

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.jobs import queue
from db.jobs.row import JobRow
from db.paging import newest_first
from fleet.caller import Caller
from fleet.idempotency import KEPT_FOR
from fleet.jobs import AT_WORK, Asked, Job, JobAtWorkError, JobEndedError, State, UnknownJobError
from fleet.paging import Page, PageRequest

SHOWN = (
    JobRow.id,
    JobRow.kind,
    JobRow.state.label("status"),
    JobRow.progress,
    JobRow.detail,
    JobRow.attempt.label("attempts"),
    JobRow.caller["name"].astext.label("actor"),
    JobRow.result,
    JobRow.error,
    JobRow.created_at,
    JobRow.started_at,
    JobRow.ended_at,
)


class JobTable:
    """The jobs of a service, in the transaction of the session."""

    def __init__(self, session: Session, service: str) -> None:
        self._session = session
        self._service = service

    def asked_for(self, request: str) -> Job | None:
        """What that request has asked for, whose answer was lost: it goes on, or has succeeded lately."""
        lately = and_(JobRow.state == "succeeded", JobRow.created_at > func.now() - KEPT_FOR)
        query = select(*SHOWN).where(JobRow.service == self._service, JobRow.request == request)
        query = query.where(or_(JobRow.state.in_(AT_WORK), lately)).order_by(JobRow.created_at.desc())
        found = self._session.execute(query.limit(1)).one_or_none()
        return None if found is None else _job(found)

    def add(self, asked: Asked, *, limit_s: float) -> Job:
        """A new job, which a worker takes up after the commit; or the one that the request has asked for.

        Raises JobAtWorkError.
        """
        told = {**vars(asked), "arguments": dict(asked.arguments), "caller": asdict(asked.caller)}
        row = JobRow(id=uuid.uuid4().hex, service=self._service, limit_s=limit_s, **told)
        try:
            with self._session.begin_nested():
                self._session.add(row)
        except IntegrityError as error:
            if asked.request and (same := self.asked_for(asked.request)) is not None:
                return same  # the request is being worked on elsewhere, by one who has lost its key
            raise JobAtWorkError(asked.lock, self._holder(asked.lock)) from error
        queue.add(self._session.connection(), self._service, row.id)
        return self.find(row.id)

    def waiting(self) -> int:
        """How many wait for a worker."""
        query = select(func.count()).where(JobRow.service == self._service, JobRow.state == "queued")
        return self._session.scalars(query).one()

    def find(self, job_id: str) -> Job:
        """Raises UnknownJobError."""
        query = select(*SHOWN).where(JobRow.id == job_id, JobRow.service == self._service)
        found = self._session.execute(query).one_or_none()
        if found is None:
            raise UnknownJobError(job_id)
        return _job(found)

    def newest(self, lock: str) -> Job | None:
        """The one with this lock that was asked for last."""
        query = select(*SHOWN).where(JobRow.service == self._service, JobRow.lock == lock)
        found = self._session.execute(
            query.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(1)
        ).one_or_none()
        return None if found is None else _job(found)

    def page(self, state: State | None, asked: PageRequest) -> Page[Job]:
        """The newest first; all, or those in a state. Raises InvalidPageTokenError."""
        query = select(*SHOWN).where(JobRow.service == self._service)
        if state is not None:
            query = query.where(JobRow.state == state)
        return newest_first(self._session, query, [JobRow.created_at, JobRow.id], asked, _job)

    def cancel(self, job_id: str) -> Job:
        """Ask for its end; one that nobody has begun has ended with that.

        Raises UnknownJobError, JobEndedError.
        """
        query = select(JobRow).where(JobRow.id == job_id, JobRow.service == self._service)
        row = self._session.scalars(query.with_for_update()).one_or_none()
        if row is None:
            raise UnknownJobError(job_id)
        if row.state not in AT_WORK:
            raise JobEndedError(self.find(job_id))
        row.cancel_asked = True
        if row.attempt == 0:
            row.state = "cancelled"
            row.ended_at = func.now()
        self._session.flush()
        return self.find(job_id)

    def task(self, job_id: str) -> tuple[str, dict[str, Any], Caller]:
        """Its kind, its arguments and who asked for it."""
        row = self._session.execute(
            select(JobRow.kind, JobRow.arguments, JobRow.caller).where(JobRow.id == job_id)
        ).one()
        return row.kind, row.arguments, Caller(**row.caller)

    def tell(self, job_id: str, attempt: int, progress: float, detail: str) -> bool:
        """Write down how far it is; False where the job is not this attempt's any more."""
        values = {
            "progress": func.greatest(JobRow.progress, progress),
            "detail": detail,
            "deaths": case((JobRow.progress < progress, 0), else_=JobRow.deaths),
        }
        return self._change(job_id, attempt, values)

    def end(
        self,
        job_id: str,
        attempt: int,
        state: State,
        *,
        result: Mapping[str, Any] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> bool:
        """Write down how it has ended; False where the job is not this attempt's any more."""
        values: dict[str, Any] = {"state": state, "result": result, "error": error, "ended_at": func.now()}
        if state == "succeeded":
            values |= {"progress": 1.0, "detail": "done"}
        return self._change(job_id, attempt, values)

    def put_back(self, job_id: str, attempt: int, detail: str) -> bool:
        """Have another attempt made; False where the job is not this attempt's any more."""
        return self._change(job_id, attempt, {"state": "queued", "detail": detail})

    def _change(self, job_id: str, attempt: int, values: dict[str, Any]) -> bool:
        mine = (JobRow.id == job_id, JobRow.attempt == attempt, JobRow.state == "running")
        return self._session.execute(update(JobRow).where(*mine).values(values)).rowcount == 1  # type: ignore[attr-defined, no-any-return]

    def _holder(self, lock: str) -> str:
        query = select(JobRow.id).where(
            JobRow.service == self._service, JobRow.lock == lock, JobRow.state.in_(AT_WORK)
        )
        return self._session.scalar(query) or "it has just ended"


def _job(row: Row[Any]) -> Job:
    return Job(*row[: len(SHOWN)])
