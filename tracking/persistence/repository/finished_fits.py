"""Fits that a search has made, kept until it is recorded: whoever takes it up again makes none of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.shared import SearchFitRow
from db.unit_of_work import UnitOfWork
from tracking.persistence.model.search import FitKey, FitResult, Part

AT_ONCE = 1000  # rows of one statement


class FinishedFitsTable:
    """The fits of one search. Each call is a transaction of its own, and raises what UnitOfWork does.

    search: its id. sessions: opens a session for each call.
    """

    def __init__(self, search: str, sessions: Callable[[], Session]) -> None:
        self._search = search
        self._sessions = sessions

    def read(self) -> Mapping[FitKey, FitResult]:
        """All of them."""
        with UnitOfWork(self._sessions) as work:
            rows = work.session.scalars(select(SearchFitRow).where(SearchFitRow.search == self._search))
            return dict(map(_fit, rows))

    def add(self, results: Sequence[tuple[FitKey, FitResult]]) -> None:
        """Keep these; one that is there already stays as it is."""
        with UnitOfWork(self._sessions) as work:
            for start in range(0, len(results), AT_ONCE):
                rows = [self._row(key, result) for key, result in results[start : start + AT_ONCE]]
                work.session.execute(insert(SearchFitRow).values(rows).on_conflict_do_nothing())
            work.commit()

    def forget(self) -> None:
        """Delete them: the search is recorded, or has been given up."""
        with UnitOfWork(self._sessions) as work:
            work.session.execute(delete(SearchFitRow).where(SearchFitRow.search == self._search))
            work.commit()

    def _row(self, key: FitKey, result: FitResult) -> dict[str, Any]:
        return {
            "search": self._search,
            "model_name": key.model_name,
            "candidate": key.candidate,
            "fold": key.fold,
            "score": None if math.isnan(result.score) else result.score,
            "seconds": result.seconds,
            "cpu_seconds": result.cpu_seconds,
            "failed_part": result.failed_part,
            "reason": result.reason,
        }


def _fit(row: SearchFitRow) -> tuple[FitKey, FitResult]:
    score = math.nan if row.score is None else row.score
    part = cast(Part | None, row.failed_part)
    key = FitKey(row.model_name, row.candidate, row.fold)
    return key, FitResult(score, row.seconds, row.cpu_seconds, part, row.reason)
