"""What references were worked out to, kept beside their deployments until their rows change."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.loop import ReferenceFiguresRow


class ReferenceFigureRepository:
    """`reference_figures`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, deployment_id: int, reference: str, version: str) -> bytes | None:
        """The figures of that version; None if others are kept, or none."""
        row = ReferenceFiguresRow
        return self._session.scalar(
            select(row.figures).where(
                row.deployment_id == deployment_id, row.reference == reference, row.version == version
            )
        )

    def keep(self, deployment_id: int, reference: str, version: str, figures: bytes) -> None:
        """In the place of those of another version."""
        key = {"deployment_id": deployment_id, "reference": reference}
        new = {"version": version, "figures": figures}
        statement = insert(ReferenceFiguresRow).values(**key, **new)
        self._session.execute(statement.on_conflict_do_update(index_elements=[*key], set_=new))
