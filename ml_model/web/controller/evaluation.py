"""`/root/ml/evaluate`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.heavy import heavy
from fleet.web.validation import accepts
from ml_model.service.evaluation import Evaluation, Pair
from ml_model.web.evaluation_schema import EvaluatedAnswer, EvaluationAnswer, EvaluationRequest, PairAnswer


class Evaluate(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Deployments against each other."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    @answers(EvaluationAnswer, errors=[404, 409, 429, 503])
    @accepts(role="admin", body=EvaluationRequest)
    @heavy
    def post(self, body: EvaluationRequest) -> dict[str, Any]:
        """Hold deployments against the first of them, on the same labelled rows; nothing is stored.

        Figures only: no row is answered. The same rows give the same figures.
        """
        outcome = self._evaluation.evaluate(body.use_case, body.deployment_ids, body.rows.chosen())
        answer = EvaluationAnswer(
            rows=outcome.rows,
            deployments=[EvaluatedAnswer.model_validate(each) for each in outcome.deployments],
            pairs=[_pair(each) for each in outcome.pairs],
        )
        return answer.model_dump(mode="json")


def _pair(pair: Pair) -> PairAnswer:
    told = {"first_deployment_id": pair.first, "second_deployment_id": pair.second, "loss": pair.loss}
    return PairAnswer.model_validate({**told, **pair.figures.as_dict()})
