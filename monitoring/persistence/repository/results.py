"""Where results are kept."""

from dataclasses import asdict

from sqlalchemy.orm import Session

from db.shared import MonitoringResultRow
from monitoring.persistence.model.result import Result


class ResultRepository:
    """`monitoring_results`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, result: Result) -> int:
        """Keep a result; returns its id."""
        row = MonitoringResultRow(**asdict(result))
        self._session.add(row)
        self._session.flush()
        return row.id
