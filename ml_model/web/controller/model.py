"""`/root/ml`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import accepts
from ml_model.service.ml_service import MlService
from ml_model.web.schema import (
    DeploymentAnswer,
    DescribeRequest,
    ModelsAnswer,
    RunRequest,
    ScoreAnswer,
    ScoreRequest,
    TrainRequest,
)


class Model(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Describe the models, train and score."""

    def __init__(self, models: MlService) -> None:
        self._models = models

    @answers(ModelsAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=DescribeRequest)
    def get(self, query: DescribeRequest) -> dict[str, Any]:
        """Describe the model that was set, or made active again, last; and the live one."""
        chosen, active = self._models.describe(query.use_case)
        return {
            "name": chosen.model_name if chosen else None,
            "message": "ML model",
            "set": _described(chosen),
            "active": _described(active),
        }

    @answers(ScoreAnswer, errors=[404, 409, 429, 503])
    @accepts(role="admin", body=RunRequest, form=True)
    @idempotent
    @heavy
    def post(self, body: TrainRequest | ScoreRequest) -> dict[str, Any]:
        """Train or score the chosen model: set, or made active again, last.

        `training` fits it, makes it the live one and scores it. With `deployment_id` that model scores. Each
        call stores its predictions.
        """
        if isinstance(body, TrainRequest):
            score = self._models.train(body.use_case, caller=caller())
        else:
            score = self._models.score(body.use_case, body.dataset, body.deployment_id)
        return {
            "message": f"Score on {body.dataset} set: {score.text}",
            "score": score.main,
            "rows": score.rows,
            "deployment_id": score.deployment_id,
            "metrics": score.metrics,
        }


def _described(deployment: object | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return DeploymentAnswer.model_validate(deployment).model_dump(mode="json")
