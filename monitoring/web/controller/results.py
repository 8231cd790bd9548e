"""`/root/monitoring/results`."""

from typing import Any

from flask import Response, jsonify, request
from flask_restful import Resource

from fleet.web.answers import JSON_TYPE, answers
from fleet.web.validation import NoArguments, accepts
from monitoring.service.monitoring import MonitoringService
from monitoring.web.result_page import result_page
from monitoring.web.schema import ResultAnswer, ResultsAnswer, ResultsQuery

HTML_TYPE = "text/html"


class Results(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read what was found before."""

    def __init__(self, monitoring: MonitoringService) -> None:
        self._monitoring = monitoring

    @answers(ResultsAnswer, errors=[503])
    @accepts(role="user", query=ResultsQuery)
    def get(self, query: ResultsQuery) -> dict[str, Any]:
        """List the results that are kept, the newest first."""
        page = self._monitoring.page(query.page, use_case=query.use_case)
        answer = ResultsAnswer(results=page.items, next_page_token=page.next_token)
        return answer.model_dump(mode="json")


class Result(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Read one result."""

    def __init__(self, monitoring: MonitoringService) -> None:
        self._monitoring = monitoring

    @answers(ResultAnswer, errors=[404, 503])
    @answers(None, media_type=HTML_TYPE)
    @accepts(role="user", query=NoArguments)
    def get(self, result_id: int, query: NoArguments) -> Response:
        """Read one result, as JSON or, with `Accept: text/html`, as a page for people."""
        found = ResultAnswer.model_validate(self._monitoring.find(result_id))
        if request.accept_mimetypes.best_match([JSON_TYPE, HTML_TYPE]) == HTML_TYPE:
            answer = Response(result_page(found), mimetype=HTML_TYPE)
            answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        else:
            answer = jsonify(found.model_dump(mode="json", exclude_unset=True))
        answer.vary.add("Accept")
        return answer
