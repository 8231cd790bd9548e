"""Production rows whose truth is known, and those of them that have decided."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, exists, func, insert, select
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.loop import DecidedRow
from db.tables import use_case_tables
from db.use_cases import DATASETS

PRODUCTION = DATASETS["production"]


class LabelledRows:
    """Of every use case, in the session's transaction.

    A mark is the target_id of the truth that came in last: what comes in later has a higher one.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def mark(self, use_case: UseCase) -> int:
        """As of now; 0 if nothing is known."""
        targets = use_case_tables(use_case).targets
        return self._session.scalar(select(func.coalesce(func.max(targets.c.target_id), 0))) or 0

    def newest_undecided(self, use_case: UseCase, limit: int) -> list[int]:
        """sample_index of those that have decided nothing yet, the newest row first."""
        tables = use_case_tables(use_case)
        query = self._labelled(use_case).where(_undecided(use_case))
        return list(self._session.scalars(query.order_by(tables.samples.c.sample_id.desc()).limit(limit)))

    def after(self, use_case: UseCase, mark: int, limit: int, *, undecided: bool) -> list[int]:
        """sample_index of those whose truth came in after the mark, the oldest first."""
        targets = use_case_tables(use_case).targets
        query = self._labelled(use_case).where(targets.c.target_id > mark)
        if undecided:
            query = query.where(_undecided(use_case))
        return list(self._session.scalars(query.order_by(targets.c.target_id).limit(limit)))

    def reserve(self, use_case: UseCase, numbers: Sequence[int], loop_id: int, look: int) -> None:
        """Have them decide in a loop; PostgreSQL refuses those that did so before."""
        if numbers:
            rows = [
                {"use_case": use_case.name, "sample_index": number, "loop_id": loop_id, "look": look}
                for number in numbers
            ]
            self._session.execute(insert(DecidedRow), rows)

    def reserved(self, loop_id: int) -> list[int]:
        """sample_index of the rows that decide in a loop, ascending."""
        query = select(DecidedRow.sample_index).where(DecidedRow.loop_id == loop_id)
        return list(self._session.scalars(query.order_by(DecidedRow.sample_index)))

    def _labelled(self, use_case: UseCase) -> Select[tuple[int]]:
        tables = use_case_tables(use_case)
        samples, targets = tables.samples, tables.targets
        return (
            select(samples.c.sample_index)
            .join(targets, targets.c.sample_index == samples.c.sample_index)
            .where(samples.c.dataset_id == PRODUCTION)
        )


def _undecided(use_case: UseCase) -> ColumnElement[bool]:
    samples = use_case_tables(use_case).samples
    return ~exists().where(
        DecidedRow.use_case == use_case.name, DecidedRow.sample_index == samples.c.sample_index
    )
