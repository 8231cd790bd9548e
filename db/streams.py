"""The table of streams: what a job of the simulator's has sent, so that none of it is sent twice."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.jobs.row import JobRow
from db.shared import SharedTable


class StreamBatchRow(SharedTable):
    """Rows that were sent with one request. It is there before they are sent."""

    __tablename__ = "stream_batches"
    __table_args__ = (
        Index("stream_batches_due_idx", "job_id", "answered_at", postgresql_where=text("truths IS NOT NULL")),
        {"comment": "What streams have sent, by request, and the truths that are still to follow"},
    )

    job_id: Mapped[str] = mapped_column(ForeignKey(JobRow.id, ondelete="CASCADE"), primary_key=True)
    batch: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, comment="its number in the stream, from 0"
    )
    rows: Mapped[int] = mapped_column(BigInteger)
    answered_at: Mapped[datetime | None] = mapped_column(comment="null: on its way, or nobody knows")
    first_index: Mapped[int | None] = mapped_column(
        BigInteger, comment="sample_index of its first row, the others follow; null: not stored"
    )
    truths: Mapped[list[Any] | None] = mapped_column(
        JSONB(none_as_null=True),
        comment="that are to follow, by row, null where none is; null once they are told",
    )
    labels: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), comment="rows whose truth was stored"
    )
    labels_unknown: Mapped[int] = mapped_column(
        BigInteger, server_default=text("0"), comment="rows whose truth found no sample"
    )
