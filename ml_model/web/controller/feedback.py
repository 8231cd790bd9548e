"""`/root/ml/feedback`."""

from dataclasses import asdict
from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import accepts
from ml_model.service.feedback import Feedback
from ml_model.web.prediction_schema import FeedbackAnswer, FeedbackRequest


class Truth(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """What was really observed."""

    def __init__(self, feedback: Feedback) -> None:
        self._feedback = feedback

    @answers(FeedbackAnswer, errors=[404, 409, 503])
    @accepts(role="user", body=FeedbackRequest)
    @idempotent
    @heavy
    def post(self, body: FeedbackRequest) -> dict[str, Any]:
        """Store the truth about samples, however late, in any order, again if need be.

        Of several truths about a sample the last one counts.
        """
        outcome = self._feedback.store(body.use_case, body.sample_index, body.target)
        return {"message": "Feedback stored", "rows": len(body.sample_index), **asdict(outcome)}
