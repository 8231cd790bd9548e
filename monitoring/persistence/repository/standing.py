"""How monitoring stands, by few and cheap queries: Prometheus asks every few seconds."""

from datetime import timedelta
from typing import Any, get_args

from sqlalchemy import Double, Row, func, select, true
from sqlalchemy.orm import Session

from db.jobs.row import JobRow
from db.loop import LoopRow, VerdictRow
from db.shared import UseCaseRow
from monitoring.persistence.model.loop import Outcome
from monitoring.persistence.model.standing import Evidence, LastDecision, Result

COUNTED_FOR = timedelta(days=1)  # jobs are remembered for as long, at least
RESULTS: dict[str, Result] = {
    "webhook_refused": "refused",
    "unusable_url": "refused",
    "webhook_given_up": "given_up",
}


class StandingRepository:
    """What is read at a scrape, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def decisions(self) -> list[LastDecision]:
        """The last verdict on each use case that has one; each is found by an index."""
        last = (
            select(VerdictRow.verdict, VerdictRow.figures)
            .where(VerdictRow.use_case == UseCaseRow.name)
            .order_by(VerdictRow.id.desc())
            .limit(1)
            .lateral()
        )
        found = [last.c.figures[each]["p"].astext.cast(Double).label(each) for each in get_args(Evidence)]
        query = select(UseCaseRow.name, last.c.verdict, *found).join(last, true()).order_by(UseCaseRow.name)
        return [_decision(row) for row in self._session.execute(query)]

    def loops(self) -> dict[tuple[str, str], int]:
        """How many have ended, by use case and outcome; 0 of what has not happened."""
        query = select(LoopRow.use_case, LoopRow.outcome, func.count()).where(LoopRow.outcome.is_not(None))
        grouped = self._session.execute(query.group_by(LoopRow.use_case, LoopRow.outcome))
        counted = {(use_case, str(outcome)): count for use_case, outcome, count in grouped}
        names = self._session.scalars(select(UseCaseRow.name).order_by(UseCaseRow.name))
        return {(name, each): counted.get((name, each), 0) for name in names for each in get_args(Outcome)}

    def webhooks(self, service: str, kind: str) -> dict[Result, int]:
        """What has become of the last day's jobs of that kind; 0 of what has not happened.

        Those that somebody has cancelled are nothing that went wrong.
        """
        code = JobRow.error["code"].astext
        query = select(JobRow.state, code, func.count()).where(
            JobRow.service == service,
            JobRow.kind == kind,
            JobRow.state != "cancelled",
            JobRow.created_at > func.now() - COUNTED_FOR,
        )
        counted: dict[Result, int] = dict.fromkeys(get_args(Result), 0)
        for state, failure, count in self._session.execute(query.group_by(JobRow.state, code)):
            counted[_result(state, failure)] += count
        return counted


def _decision(row: Row[Any]) -> LastDecision:
    named = {each: getattr(row, each) for each in get_args(Evidence)}
    return LastDecision(row.name, row.verdict, {each: p for each, p in named.items() if p is not None})


def _result(state: str, failure: str | None) -> Result:
    if state == "succeeded":
        return "delivered"
    if state in ("queued", "running"):
        return "waiting"
    return RESULTS.get(failure or "", "failed")
