"""`/root/ml`."""

from typing import Any

from flask_restful import Resource

from fleet.web.validation import accepts
from ml_model.service.ml_service import MlService
from ml_model.web.schema import DeploymentAnswer, DescribeRequest, RunRequest


class Model(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Describe the models, train and score."""

    def __init__(self, models: MlService) -> None:
        self._models = models

    @accepts(role="user", query=DescribeRequest)
    def get(self, query: DescribeRequest) -> dict[str, Any]:
        newest, active = self._models.describe(query.use_case)
        return {
            "name": newest.model_name if newest else None,
            "message": "ML model",
            "set": _described(newest),
            "active": _described(active),
        }

    @accepts(role="admin", body=RunRequest, form=True)
    def post(self, body: RunRequest) -> dict[str, Any]:
        if body.dataset == "training":
            score = self._models.train(body.use_case)
        else:
            score = self._models.score(body.use_case, body.dataset)
        accuracy = score.metrics.get("accuracy")
        judged = f"{accuracy * 100}%" if accuracy is not None else "unknown, as no sample has a target"
        return {
            "message": f"Score on {body.dataset} set: {judged}",
            "score": accuracy,
            "rows": score.rows,
            "deployment_id": score.deployment_id,
            "metrics": score.metrics,
        }


def _described(deployment: object | None) -> dict[str, Any] | None:
    if deployment is None:
        return None
    return DeploymentAnswer.model_validate(deployment).model_dump(mode="json")
