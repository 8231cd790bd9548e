"""What a stream has sent, in PostgreSQL: whoever takes it up again sends none of it a second time."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import BigInteger, Integer, String, delete, func, insert, literal, select, update
from sqlalchemy.orm import Session

from db.jobs.row import JobRow
from db.streams import StreamBatchRow
from db.unit_of_work import UnitOfWork
from simulator.persistence.model.sent_batches import SentBatch, SentSoFar

Row = StreamBatchRow
SECOND = func.make_interval(0, 0, 0, 0, 0, 0, 1)


class SentBatches:
    """The batches of one stream. Each call is a transaction of its own, and raises what UnitOfWork does.

    sessions: opens a session for each call.
    """

    def __init__(self, job_id: str, sessions: Callable[[], Session]) -> None:
        self._job_id = job_id
        self._sessions = sessions

    def so_far(self) -> SentSoFar:
        """All of them together."""
        answered = Row.answered_at.is_not(None)
        query = select(
            func.coalesce(func.max(Row.batch) + 1, 0),
            _total(Row.rows, answered),
            _total(Row.rows, ~answered),
            _total(Row.labels),
            _total(Row.labels_unknown),
            func.count(Row.truths) > 0,
            func.min(Row.first_index),
            func.max(Row.first_index + Row.rows - 1),
        ).where(Row.job_id == self._job_id)
        with UnitOfWork(self._sessions) as work:
            return SentSoFar(*work.session.execute(query).one())

    def claim(self, batch: int, rows: int, attempt: int) -> bool:
        """Write down that it is sent now; False where the job is another attempt's, or nobody's, by now."""
        mine = select(JobRow.id, literal(batch, BigInteger), literal(rows, BigInteger)).where(
            JobRow.id == self._job_id, JobRow.attempt == literal(attempt, Integer), JobRow.state == "running"
        )
        statement = insert(Row).from_select(["job_id", "batch", "rows"], mine)
        with UnitOfWork(self._sessions) as work:
            claimed: int = work.session.execute(statement).rowcount  # type: ignore[attr-defined]
            work.commit()
        return claimed == 1

    def release(self, batch: int) -> None:
        """It was not sent after all."""
        self._do(delete(Row).where(*self._is(batch)))

    def answered(self, batch: int, first_index: int | None, truths: Sequence[float | None]) -> None:
        """Write down what was answered, and which truths are to follow.

        first_index: None where nothing is stored.
        """
        told = len(truths) - list(truths).count(None)
        values: dict[str, Any] = {"answered_at": func.clock_timestamp(), "first_index": first_index}
        values |= (
            {"labels_unknown": told} if first_index is None else {"truths": list(truths) if told else None}
        )
        self._do(update(Row).where(*self._is(batch)).values(values))

    def due(self, delay_s: float, most_rows: int) -> list[SentBatch]:
        """Batches whose truths are to be told by now, the oldest first.

        They have no more rows than that, unless the first alone has.
        """
        query = (
            select(Row.batch, Row.first_index, Row.truths, Row.rows)
            .where(
                Row.job_id == self._job_id,
                Row.truths.is_not(None),
                Row.answered_at <= func.clock_timestamp() - delay_s * SECOND,
            )
            .order_by(Row.answered_at)
            .limit(most_rows)
        )
        found: list[SentBatch] = []
        with UnitOfWork(self._sessions) as work:
            for batch, first_index, truths, rows in work.session.execute(query):
                most_rows -= rows
                if found and most_rows < 0:
                    break
                found.append(SentBatch(batch, first_index, truths))
        return found

    def labelled(self, batch: SentBatch, unknown: int = 0) -> None:
        """Write down that the batch's truths were told. unknown: how many found no sample."""
        stored = len(batch.labels) - unknown
        values = {"truths": None, "labels": stored, "labels_unknown": unknown}
        self._do(update(Row).where(*self._is(batch.batch)).values(values))

    def _is(self, batch: int) -> tuple[Any, Any]:
        return Row.job_id == literal(self._job_id, String), Row.batch == batch

    def _do(self, statement: Any) -> None:
        with UnitOfWork(self._sessions) as work:
            work.session.execute(statement)
            work.commit()


def _total(column: Any, *where: Any) -> Any:
    total = func.sum(column)
    return func.coalesce(total.filter(*where) if where else total, 0).cast(BigInteger)
