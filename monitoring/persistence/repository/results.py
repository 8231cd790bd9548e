"""Where results are kept."""

from dataclasses import asdict

from sqlalchemy import Double, Integer, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import Session

from db.shared import MonitoringResultRow, UseCaseRow
from monitoring.persistence.model.result import LastVerdict, Result

SHARE = "drifted_columns_share"
SHARE_PATH = '$.tests[*] ? (@.name == "share_of_drifted_columns").value'


class ResultRepository:
    """`monitoring_results`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, result: Result) -> int:
        """Keep a result; returns its id."""
        values = asdict(result)
        share = values.pop(SHARE)
        if share is not None:
            values["result"] = {**result.result, SHARE: share}
        row = MonitoringResultRow(**values)
        self._session.add(row)
        self._session.flush()
        return row.id

    def last_verdicts(self) -> list[LastVerdict]:
        """The newest verdict of every use case that has one, and the newest share of drifted columns."""
        row, kept = MonitoringResultRow, MonitoringResultRow.result
        share = func.coalesce(kept[SHARE], func.jsonb_path_query_first(kept, cast(SHARE_PATH, JSONPATH)))
        passed, failed = (
            cast(func.coalesce(kept["summary"][name], kept[name]), Integer)
            for name in ("success_tests", "failed_tests")
        )
        newest = select(passed.label("passed"), failed.label("failed"), row.created_at)
        of_use_case = (row.use_case == UseCaseRow.name, row.all_passed.is_not(None))
        verdict = newest.where(*of_use_case).order_by(row.created_at.desc()).limit(1).lateral()
        shares = select(cast(share, Double).label("share")).where(*of_use_case, share.is_not(None))
        drift = shares.order_by(row.created_at.desc()).limit(1).scalar_subquery()
        query = select(UseCaseRow.name, *verdict.c, drift).order_by(UseCaseRow.name)
        return [LastVerdict(*found) for found in self._session.execute(query)]
