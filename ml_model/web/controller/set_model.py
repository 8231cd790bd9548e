"""`/root/ml/set_model`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import accepts
from ml_model.service.ml_service import MlService
from ml_model.web.schema import SetModelAnswer, SetModelRequest


class SetModel(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Choose the model to be trained."""

    def __init__(self, models: MlService) -> None:
        self._models = models

    @answers(SetModelAnswer, errors=[404, 409, 429, 503])
    @accepts(role="admin", body=SetModelRequest)
    @idempotent
    @heavy
    def post(self, body: SetModelRequest) -> dict[str, Any]:
        """Choose the model that is trained next.

        It is fitted on trial at once: what the estimator does not know or refuses is 400.
        """
        deployment_id = self._models.set_model(
            body.use_case,
            body.model_name,
            body.hyperparameters or {},
            preprocessing=body.preprocessing,
            run_id=body.run_id,
            caller=caller(),
        )
        return {"message": "Model successfully uploaded", "deployment_id": deployment_id}
