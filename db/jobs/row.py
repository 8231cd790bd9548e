"""The table of jobs."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, Index, func, text
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.orm import Mapped, mapped_column

from db.shared import SharedTable


class JobRow(SharedTable):
    """A job; procrastinate's own tables hold only when a worker is to look at it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="state_is_known"
        ),
        Index("jobs_newest_idx", "service", text("created_at DESC"), text("id DESC")),
        Index(
            "jobs_lock_idx",
            "service",
            "lock",
            unique=True,
            postgresql_where=text("lock <> '' AND state IN ('queued', 'running')"),
        ),
        Index(
            "jobs_request_idx",
            "service",
            "request",
            unique=True,
            postgresql_where=text("request <> '' AND state IN ('queued', 'running')"),
        ),
        {"comment": "Long work, from the request that asked for it to its end"},
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(comment="whose worker does it")
    kind: Mapped[str] = mapped_column(comment="optimisation, process_data, ...")
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, comment="what its task is told")
    caller: Mapped[dict[str, Any]] = mapped_column(comment="who asked: name, role and request_id")
    lock: Mapped[str] = mapped_column(comment="no second job with it at a time; empty: any number")
    request: Mapped[str] = mapped_column(
        server_default="", comment="digest of the request that asked, with its key; empty: it had none"
    )
    state: Mapped[str] = mapped_column(server_default="queued")
    cancel_asked: Mapped[bool] = mapped_column(server_default=text("false"))
    limit_s: Mapped[float] = mapped_column(Double, comment="that it may take, counted from its first attempt")
    progress: Mapped[float] = mapped_column(Double, server_default=text("0"), comment="from 0 to 1")
    detail: Mapped[str] = mapped_column(server_default="", comment="what is being done")
    attempt: Mapped[int] = mapped_column(server_default=text("0"), comment="that is at work, or was the last")
    deaths: Mapped[int] = mapped_column(
        server_default=text("0"), comment="attempts that ended without a word, since it last got further"
    )
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON, comment="of one that succeeded")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON, comment="of one that failed: body and status")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(comment="of its first attempt")
    ended_at: Mapped[datetime | None]
