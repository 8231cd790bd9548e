"""Where results are kept."""

from dataclasses import fields

from sqlalchemy import Double, Integer, cast, func, select
from sqlalchemy.dialects.postgresql import JSONPATH
from sqlalchemy.orm import Session

from db.paging import newest_first
from db.shared import MonitoringResultRow, UseCaseRow
from fleet.errors import NotFoundError
from fleet.paging import Page, PageRequest
from monitoring.persistence.model.result import KeptResult, LastVerdict, Result, WholeResult

SHARE = "drifted_columns_share"
SHARE_PATH = '$.tests[*] ? (@.name == "share_of_drifted_columns").value'


LARGEST_ID = 2**63 - 1


class ResultNotFoundError(NotFoundError):
    """There is no result of that id."""

    def __init__(self, result_id: int) -> None:
        super().__init__(
            f"There is no result {result_id}", "Use an id that GET /root/monitoring/results lists"
        )


class ResultRepository:
    """`monitoring_results`, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, result: Result) -> int:
        """Keep a result; returns its id."""
        values = {field.name: getattr(result, field.name) for field in fields(result)}
        share, details = values.pop(SHARE), values.pop("details")
        if share is not None:
            details = {**details, SHARE: share}
        values["result"] = {**result.result, **details}
        row = MonitoringResultRow(**values)
        self._session.add(row)
        self._session.flush()
        return row.id

    def page(self, asked: PageRequest, *, use_case: str | None = None) -> Page[KeptResult]:
        """Results, the newest first. use_case: only its own. Raises InvalidPageTokenError."""
        query = select(*(getattr(MonitoringResultRow, field.name) for field in fields(KeptResult)))
        if use_case is not None:
            query = query.where(MonitoringResultRow.use_case == use_case)
        names = [field.name for field in fields(KeptResult)]
        return newest_first(
            self._session,
            query,
            [MonitoringResultRow.id],
            asked,
            lambda found: KeptResult(**dict(zip(names, found, strict=False))),
        )

    def find(self, result_id: int) -> WholeResult:
        """Raises ResultNotFoundError."""
        row = self._session.get(MonitoringResultRow, result_id) if result_id <= LARGEST_ID else None
        if row is None:
            raise ResultNotFoundError(result_id)
        return WholeResult(**{field.name: getattr(row, field.name) for field in fields(WholeResult)})

    def last_verdicts(self) -> list[LastVerdict]:
        """How our checks went in the newest verdict of every use case that has one, and the newest share of
        drifted columns."""
        row, kept = MonitoringResultRow, MonitoringResultRow.result
        share = func.coalesce(kept[SHARE], func.jsonb_path_query_first(kept, cast(SHARE_PATH, JSONPATH)))
        summary = func.coalesce(kept["summary"], kept)
        passed, failed = (
            cast(summary[total], Integer) - cast(func.coalesce(summary["evidently"][status], "0"), Integer)
            for total, status in (("success_tests", "SUCCESS"), ("failed_tests", "FAIL"))
        )
        newest = select(passed.label("passed"), failed.label("failed"), row.created_at)
        of_use_case = (row.use_case == UseCaseRow.name, row.all_passed.is_not(None))
        verdict = newest.where(*of_use_case).order_by(row.created_at.desc()).limit(1).lateral()
        shares = select(cast(share, Double).label("share")).where(*of_use_case, share.is_not(None))
        drift = shares.order_by(row.created_at.desc()).limit(1).scalar_subquery()
        query = select(UseCaseRow.name, *verdict.c, drift).order_by(UseCaseRow.name)
        return [LastVerdict(*found) for found in self._session.execute(query)]
