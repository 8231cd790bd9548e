"""`/root/ml/predict`, and what MLflow's scoring server has: `/invocations`, `/ping`, `/version`."""

from collections.abc import Callable
from typing import Any

from flask import Response, g, request
from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.direct import DirectRequest, Work
from fleet.web.openapi import VERSION
from fleet.web.roles import takes_role
from fleet.web.validation import accepts
from ml_model.service.live.predictions import Predictions
from ml_model.web.csv_body import CSV_TYPE, read_csv
from ml_model.web.prediction_answer import encode
from ml_model.web.prediction_body import read_body, read_numbers
from ml_model.web.prediction_schema import (
    InvocationsAnswer,
    InvocationsRequest,
    PredictAnswer,
    PredictRequest,
    UseCaseQuery,
)

ROUTING_KEY = "X-Routing-Key"


class Predict(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Answer rows with the live model."""

    def __init__(self, predictions: Predictions) -> None:
        self._predictions = predictions

    @answers(PredictAnswer, errors=[404, 409, 503])
    @accepts(role="user", body=PredictRequest, query=UseCaseQuery, raw=True)
    def post(self, body: bytes, query: UseCaseQuery) -> Response:
        """Predict rows with the live model.

        Columns are found by their names, in any order; null is a missing value. Every row becomes a sample of
        the production set, and sample_index is what feedback about it is given by.
        """
        asked = read_body(body, routing_key(), use_case=query.use_case)
        answer = self._predictions.answer(asked)
        return Response(encode(answer), mimetype="application/json")


class Invocations(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """As MLflow's scoring server answers."""

    def __init__(self, predictions: Predictions) -> None:
        self._predictions = predictions

    @answers(InvocationsAnswer, errors=[404, 409, 503])
    @accepts(role="user", body=InvocationsRequest, query=UseCaseQuery, raw=True, types=(CSV_TYPE,))
    def post(self, body: bytes, query: UseCaseQuery) -> dict[str, Any]:
        """Predict rows as MLflow's scoring server does."""
        if request.mimetype == CSV_TYPE:
            asked = read_csv(body, routing_key(), use_case=query.use_case)
        else:
            asked = read_body(body, routing_key(), use_case=query.use_case, invocation=True)
        return {"predictions": self._predictions.answer(asked).predictions}


class Ping(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """As MLflow's scoring server says that it is there."""

    def __init__(self, ready: Callable[[], object]) -> None:
        self._ready = ready

    @answers(None, media_type="text/plain", errors=[503])
    @takes_role("anyone")
    def get(self) -> Response:
        """Say that the service can answer, to clients of MLflow's scoring server."""
        self._ready()
        return Response("\n", mimetype="text/plain")


class Version(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """As MLflow's scoring server tells its version."""

    @answers(None, media_type="text/plain")
    @takes_role("user")
    def get(self) -> Response:
        """Tell the version of the interface."""
        return Response(VERSION, mimetype="text/plain")


def quick_answers(predictions: Predictions) -> Work:
    """Answers what Predict would, where that takes hardly any time."""

    def work(asked: DirectRequest) -> bytes | None:
        read = read_numbers(asked.body, asked.header(ROUTING_KEY.lower()) or asked.request_id)
        answer = predictions.answer_quickly(read) if read is not None else None
        return None if answer is None else encode(answer)

    return work


def routing_key() -> str:
    """By which a canary's share is chosen: what the client gives, or the request's own id."""
    return request.headers.get(ROUTING_KEY) or str(g.request_id)
