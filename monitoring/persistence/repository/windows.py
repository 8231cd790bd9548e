"""Finding windows of production by PostgreSQL's indexes: nothing else of production is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.orm import Session

from db.definition import UseCase
from db.sets import RowRange, SetName
from db.tables import use_case_tables
from db.use_cases import DATASETS
from fleet.errors import ConflictError
from monitoring.persistence.model.window import Arrived, Between, LastRows, Numbered, Window

PRODUCTION = DATASETS["production"]
SETTLED_AFTER = timedelta(seconds=10)  # whatever is at work: trainings hold theirs for long


class EmptyWindowError(ConflictError):
    """The window that was asked for has no production rows in it."""

    def __init__(self, use_case: str, window: Mapping[str, Any]) -> None:
        super().__init__(
            f"No production row of use case '{use_case}' is in the window {dict(window)}",
            "Ask for another 'window', or leave it out; production comes by POST /root/ml/predict, or "
            'POST /root/simulator {"set_name": "production"}',
        )


@dataclass(frozen=True)
class FoundWindow:
    """A window that has rows. rows: how many; they are those of the range."""

    range: RowRange
    rows: int

    @property
    def ids(self) -> tuple[int, int]:
        """sample_id of the first and the last row."""
        return self.range.first_id, self.range.last_id


class WindowRepository:
    """Windows of every use case's production, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, use_case: UseCase, window: Window) -> FoundWindow:
        """The rows of a window. Raises EmptyWindowError."""
        found = self._found(use_case, window)
        if found is None:
            raise EmptyWindowError(use_case.name, window.as_dict())
        return found

    def has_rows(self, use_case: UseCase, name: SetName) -> bool:
        """Whether a set has any row."""
        return self._session.scalar(RowRange(name).end(use_case, 1, last=False)) is not None

    def newest(self, use_case: UseCase) -> int:
        """sample_id of the row that came in last; 0 without any."""
        column = _samples(use_case).c.sample_id
        return self._session.scalar(_ids(use_case).order_by(column.desc()).limit(1)) or 0

    def rows_after(self, use_case: UseCase, sample_id: int, *, at_most: int) -> int:
        """How many production rows have come in after a row; counting ends at `at_most`."""
        later = _ids(use_case).where(_samples(use_case).c.sample_id > sample_id).limit(at_most)
        return self._session.scalar(select(func.count()).select_from(later.subquery())) or 0

    def next_full(self, use_case: UseCase, after: int, rows: int, until: datetime) -> Arrived | None:
        """The next so many rows after a row; None while fewer had come in by then, or one may yet come in
        between."""
        samples = _samples(use_case)
        column = samples.c.sample_id
        query = _ids(use_case).where(column > after, samples.c.created_at <= until).order_by(column)
        last = self._session.scalar(query.offset(rows - 1).limit(1))
        if last is None or not self._is_settled(use_case, after, last):
            return None
        return Arrived(self._session.scalars(query.limit(1)).one(), last)

    def _is_settled(self, use_case: UseCase, after: int, last: int) -> bool:
        """Whether no transaction at work is older than one that brought a row in.

        Rows are numbered before their transaction commits: an older one may have taken a lower number.
        """
        samples = _samples(use_case)
        oldest_at_work: ColumnElement[int] = literal_column(
            "age(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS xid))"
        )
        unsettled = _ids(use_case).where(
            samples.c.sample_id > after,
            samples.c.sample_id <= last,
            samples.c.created_at > func.now() - SETTLED_AFTER,
            func.age(literal_column(f"{samples.fullname}.xmin")).between(0, oldest_at_work),
        )
        return self._session.scalar(unsettled.limit(1)) is None

    def last_since(self, use_case: UseCase, after: int, rows: int, until: datetime) -> Arrived | None:
        """The last rows, at most so many, that had come in by then; None if none of them came after a row."""
        samples = _samples(use_case)
        column = samples.c.sample_id
        query = _ids(use_case).where(samples.c.created_at <= until).order_by(column.desc())
        last = self._session.scalar(query.limit(1))
        if last is None or last <= after:
            return None
        chosen = query.where(column <= last).limit(rows).subquery()
        first = self._session.scalars(select(func.min(chosen.c.sample_id))).one()
        return Arrived(first, last)

    def came_after(self, use_case: UseCase, sample_id: int) -> datetime | None:
        """When the first production row after a row came in; None if none has."""
        samples = _samples(use_case)
        query = select(samples.c.created_at).where(
            samples.c.dataset_id == PRODUCTION, samples.c.sample_id > sample_id
        )
        return self._session.scalar(query.order_by(samples.c.sample_id).limit(1))

    def _found(self, use_case: UseCase, window: Window) -> FoundWindow | None:
        samples = _samples(use_case)
        if isinstance(window, LastRows):
            chosen = _ids(use_case).order_by(samples.c.sample_id.desc()).limit(window.rows)
        elif isinstance(window, Arrived):
            chosen = _ids(use_case).where(samples.c.sample_id.between(window.first, window.last))
        elif isinstance(window, Numbered):
            chosen = _ids(use_case).where(samples.c.sample_index.between(window.first, window.last))
        else:
            chosen = _ids(use_case).where(*_between(samples.c.created_at, window))
        rows = chosen.subquery()
        # With the count, PostgreSQL goes by the condition's own index, not through all ids for the least one.
        query = select(func.min(rows.c.sample_id), func.max(rows.c.sample_id), func.count())
        first, last, count = self._session.execute(query.select_from(rows)).one()
        if not count:
            return None
        numbers = (window.first, window.last) if isinstance(window, Numbered) else None
        return FoundWindow(RowRange("production", first, last, numbers), count)


def _between(moment: ColumnElement[datetime], window: Between) -> list[ColumnElement[bool]]:
    found = []
    if window.since is not None:
        found.append(moment >= window.since)
    if window.until is not None:
        found.append(moment <= window.until)
    return found


def _samples(use_case: UseCase) -> Any:
    return use_case_tables(use_case).samples


def _ids(use_case: UseCase) -> Select[int]:
    samples = _samples(use_case)
    return select(samples.c.sample_id).where(samples.c.dataset_id == PRODUCTION)
