"""Definitions and CSV files that were uploaded, in PostgreSQL, where every replica finds them."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from db.shared import CsvPartRow, UseCaseRow
from fleet.errors import ConflictError

LONGEST_PAUSE = timedelta(days=1)  # between two parts of a file; one that was left is removed


class PartOutOfOrderError(ConflictError):
    """A part of a file came before the one that goes before it."""

    def __init__(self, part: int, use_case: str, there: int) -> None:
        super().__init__(
            f"'part': part {part} of the file of '{use_case}' cannot follow part {there}",
            f"Send part {there + 1}, or begin again with part 1",
        )


class UploadRepository:
    """Uploads of every use case, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def definition(self, name: str) -> dict[str, Any] | None:
        """The definition that was uploaded under this name."""
        row = self._session.get(UseCaseRow, name)
        return None if row is None else row.uploaded

    def definitions(self) -> list[dict[str, Any]]:
        """All of them, by name."""
        query = select(UseCaseRow.uploaded).where(UseCaseRow.uploaded.is_not(None)).order_by(UseCaseRow.name)
        return [found for found in self._session.scalars(query) if found is not None]

    def keep_definition(self, name: str, definition: dict[str, Any]) -> None:
        """Keep the definition of a registered use case."""
        self._session.get_one(UseCaseRow, name).uploaded = definition

    def add_part(self, use_case: str, part: int, content: bytes) -> None:
        """Keep a part of a file that is being sent; part 1 begins a new one. Raises PartOutOfOrderError.

        One that is there already may come again, as it does when its answer was lost. Nobody else adds parts
        of this use case before the transaction has ended.
        """
        self._lock(use_case)
        if part == 1:
            self._forget_left()
            self._session.execute(delete(CsvPartRow).where(_parts(use_case, complete=False)))
        there = self._session.scalar(
            select(func.max(CsvPartRow.part)).where(_parts(use_case, complete=False))
        )
        if there and 1 < part <= there and self._is(use_case, part, content, complete=False):
            return
        if part != (there or 0) + 1:
            raise PartOutOfOrderError(part, use_case, there or 0)
        self._session.add(CsvPartRow(use_case=use_case, complete=False, part=part, content=content))
        self._session.flush()

    def is_last_again(self, use_case: str, part: int, content: bytes) -> bool:
        """Whether this is the last part of the file that counts, and no other file is being sent."""
        self._lock(use_case)
        parts = select(func.max(CsvPartRow.part))
        begun = self._session.scalar(parts.where(_parts(use_case, complete=False)))
        last = self._session.scalar(parts.where(_parts(use_case, complete=True)))
        return begun is None and part == last and self._is(use_case, part, content, complete=True)

    def _is(self, use_case: str, part: int, content: bytes, *, complete: bool) -> bool:
        query = select(CsvPartRow.content).where(_parts(use_case, complete=complete), CsvPartRow.part == part)
        return self._session.scalar(query) == content

    def content(self, use_case: str, *, complete: bool = True) -> bytes | None:
        """The file that counts, or with complete=False the one that is being sent; None if there is none."""
        query = (
            select(CsvPartRow.content).where(_parts(use_case, complete=complete)).order_by(CsvPartRow.part)
        )
        parts = list(self._session.scalars(query))
        return b"".join(parts) if parts else None

    def digest(self, use_case: str, *, complete: bool = False) -> bytes:
        """SHA-256 of the file that is being sent, or counts.

        It stays as it is until the transaction has ended.
        """
        self._lock(use_case)
        query = (
            select(CsvPartRow.content).where(_parts(use_case, complete=complete)).order_by(CsvPartRow.part)
        )
        found = hashlib.sha256()
        for content in self._session.scalars(query.execution_options(yield_per=1)):
            found.update(content)
        return found.digest()

    def complete(self, use_case: str) -> None:
        """Let the file that was being sent count, in place of the former one."""
        self._session.execute(delete(CsvPartRow).where(_parts(use_case, complete=True)))
        self._session.execute(
            update(CsvPartRow).where(_parts(use_case, complete=False)).values(complete=True)
        )

    def remove(self, use_case: str) -> int:
        """Delete all files of a use case; returns how many parts that were."""
        self._lock(use_case)
        query = delete(CsvPartRow).where(CsvPartRow.use_case == use_case).returning(CsvPartRow.part)
        return len(self._session.execute(query).all())

    def _lock(self, use_case: str) -> None:
        self._session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"upload {use_case}"))))

    def _forget_left(self) -> None:
        """Delete the parts of files that nobody has gone on with, of whichever use case."""
        left = (
            select(CsvPartRow.use_case)
            .where(~CsvPartRow.complete)
            .group_by(CsvPartRow.use_case)
            .having(func.max(CsvPartRow.uploaded_at) < func.now() - LONGEST_PAUSE)
        )
        self._session.execute(
            delete(CsvPartRow).where(~CsvPartRow.complete, CsvPartRow.use_case.in_(left)),
            execution_options={"synchronize_session": False},
        )


def _parts(use_case: str, *, complete: bool) -> Any:
    return (CsvPartRow.use_case == use_case) & (CsvPartRow.complete == complete)
