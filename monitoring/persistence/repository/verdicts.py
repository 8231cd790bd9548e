"""Where verdicts are kept."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.loop import VerdictRow
from db.paging import newest_first
from db.records import as_record
from fleet.errors import NotFoundError
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.verdict import KeptVerdict, NewVerdict

LARGEST_ID = 2**63 - 1


class VerdictNotFoundError(NotFoundError):
    """There is no verdict of that id."""

    def __init__(self, verdict_id: int) -> None:
        super().__init__(
            f"There is no verdict {verdict_id}", "Use an id that GET /root/monitoring/verdicts lists"
        )


class VerdictRepository:
    """`verdicts`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, verdict: NewVerdict) -> KeptVerdict:
        """Keep a verdict."""
        row = VerdictRow(**asdict(verdict))
        self._session.add(row)
        self._session.flush()
        return as_record(KeptVerdict, row)

    def find(self, verdict_id: int) -> KeptVerdict:
        """Raises VerdictNotFoundError."""
        row = self._session.get(VerdictRow, verdict_id) if verdict_id <= LARGEST_ID else None
        if row is None:
            raise VerdictNotFoundError(verdict_id)
        return as_record(KeptVerdict, row)

    def page(self, asked: PageRequest, *, use_case: str | None = None) -> Page[KeptVerdict]:
        """Verdicts, the newest first. use_case: only its own. Raises InvalidPageTokenError."""
        query = select(VerdictRow)
        if use_case is not None:
            query = query.where(VerdictRow.use_case == use_case)
        return newest_first(
            self._session, query, [VerdictRow.id], asked, lambda found: as_record(KeptVerdict, found[0])
        )

    def before(
        self, deployment_id: int, first_id: int, *, count: int, rows: tuple[int, int], by_policy: bool
    ) -> Sequence[KeptVerdict]:
        """Verdicts on a deployment's last windows that end before a row, at most so many, the newest window
        first. No two of them have a row in common, and none has more rows than the last of `rows`.

        by_policy: those of policies alone; if not, others that have at least the first of `rows`, too.
        """
        counts = VerdictRow.by_policy if by_policy else VerdictRow.by_policy | (VerdictRow.rows >= rows[0])
        found: list[KeptVerdict] = []
        while len(found) < count:
            query = select(VerdictRow).where(
                VerdictRow.deployment_id == deployment_id,
                VerdictRow.last_id < first_id,
                VerdictRow.rows <= rows[1],
                counts,
            )
            row = self._session.scalar(
                query.order_by(VerdictRow.last_id.desc(), VerdictRow.id.desc()).limit(1)
            )
            if row is None:
                break
            found.append(as_record(KeptVerdict, row))
            first_id = row.first_id
        return found
