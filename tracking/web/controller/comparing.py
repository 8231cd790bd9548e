"""`/root/tracking/leaderboard` and `/root/tracking/compare`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.validation import accepts
from tracking.service.comparing import ComparisonService
from tracking.web.answers import ComparisonAnswer, LeaderboardAnswer
from tracking.web.lists_schema import ComparisonQuery, LeaderboardQuery


class Leaderboard(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """The best runs of a use case."""

    def __init__(self, comparison: ComparisonService) -> None:
        self._comparison = comparison

    @answers(LeaderboardAnswer, errors=[404, 503])
    @accepts(role="user", query=LeaderboardQuery)
    def get(self, query: LeaderboardQuery) -> dict[str, Any]:
        """Rank the finished runs of a use case, of whatever experiment."""
        found = self._comparison.leaderboard(query.use_case, query.metric, query.limit)
        return {"message": "Leaderboard Retrieved", "data": found}


class Comparison(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Two runs beside each other."""

    def __init__(self, comparison: ComparisonService) -> None:
        self._comparison = comparison

    @answers(ComparisonAnswer, errors=[404, 503])
    @accepts(role="user", query=ComparisonQuery)
    def get(self, query: ComparisonQuery) -> dict[str, Any]:
        """Compare two runs, of whatever experiments: what differs in their parameters, and all metrics."""
        return {"message": "Runs Compared", "data": self._comparison.compare(*query.run_id)}
