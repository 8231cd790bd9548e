"""`/root/tracking/model_management`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy, patience
from fleet.web.idempotency import idempotent
from fleet.web.validation import accepts
from tracking.service.model_setting import ModelSettingService
from tracking.service.optimisation import Optimisation, OptimisationService
from tracking.web.answers import OptimisationAnswer, SettingAnswer
from tracking.web.schema import ManagementRequest, OptimizationRequest, SettingRequest


class ModelManagement(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Search models, and set the model of a run in ml_model."""

    def __init__(self, optimisation: OptimisationService, setting: ModelSettingService) -> None:
        self._optimisation = optimisation
        self._setting = setting

    @answers(OptimisationAnswer, status=201)
    @answers(SettingAnswer, errors=[404, 409, 429, 502, 503, 504])
    @accepts(role="admin", body=ManagementRequest)
    @idempotent
    def post(self, body: OptimizationRequest | SettingRequest) -> tuple[dict[str, Any], int]:
        """Search models, or set the model of a run.

        All of an optimisation is checked, and searched, before anything is recorded.
        """
        if isinstance(body, SettingRequest):
            return self._set_model(body), 200
        return self._optimise(body), 201

    @heavy
    def _optimise(self, body: OptimizationRequest) -> dict[str, Any]:
        done = self._optimisation.optimise(_optimisation(body), caller=caller(), patience=patience())
        data = {"experiment_id": done.experiment_id, "run_ids": done.run_ids}
        return {"message": "Experiments retrieved successfully", "data": data}

    def _set_model(self, body: SettingRequest) -> dict[str, Any]:
        return self._setting.set_model(
            body.run_id,
            use_case=body.use_case,
            use_case_is_asked_for="use_case" in body.model_fields_set,
            caller=caller(),
        )


def _optimisation(body: OptimizationRequest) -> Optimisation:
    tags = {"description": body.experiment_description, "owner": body.experiment_owner}
    return Optimisation(
        use_case=body.use_case,
        models=body.models,
        grids=body.hyperparameters,
        scoring=body.scoring,
        cv=body.cv,
        preprocessing=body.preprocessing,
        experiment_name=body.experiment_name,
        experiment_tags={name: value for name, value in tags.items() if value is not None},
        snapshot_id=body.snapshot_id,
    )
