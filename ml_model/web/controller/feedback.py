"""`/root/ml/feedback`."""

import functools
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import accepts
from ml_model.service.feedback import Feedback
from ml_model.web.prediction_schema import FeedbackAnswer, FeedbackRequest, UseCaseQuery

R = TypeVar("R")


def of_named_use_case(method: Callable[..., R]) -> Callable[..., R]:
    """Have the query name the use case where the body does not: a request is the same however it is said."""

    @functools.wraps(method)
    def named(self: object, body: FeedbackRequest, query: UseCaseQuery) -> R:
        if "use_case" not in body.model_fields_set:
            body = body.model_copy(update={"use_case": query.use_case})
        return method(self, body=body)

    return named


class Truth(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """What was really observed."""

    def __init__(self, feedback: Feedback) -> None:
        self._feedback = feedback

    @answers(FeedbackAnswer, errors=[404, 409, 503])
    @accepts(role="user", body=FeedbackRequest, query=UseCaseQuery)
    @of_named_use_case
    @idempotent
    @heavy
    def post(self, body: FeedbackRequest) -> dict[str, Any]:
        """Store the truth about samples, however late, in any order, again if need be.

        Of several truths about a sample the last one counts.
        """
        outcome = self._feedback.store(body.use_case, body.sample_index, body.target)
        return {"message": "Feedback stored", "rows": len(body.sample_index), **asdict(outcome)}
