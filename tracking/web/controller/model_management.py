"""`/root/tracking/model_management`."""

from typing import Any

from flask import g
from flask_restful import Resource

from fleet.web.validation import accepts
from tracking.service.model_setting import ModelSettingService
from tracking.service.optimisation import NewExperiment, OptimisationService, SearchRequest
from tracking.web.schema import ManagementRequest


class ModelManagement(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Search models, and set the model of a run in ml_model."""

    def __init__(self, optimisation: OptimisationService, setting: ModelSettingService) -> None:
        self._optimisation = optimisation
        self._setting = setting

    @accepts(body=ManagementRequest)
    def post(self, body: ManagementRequest) -> tuple[dict[str, Any], int]:
        use_case = body.use_case or "wine"
        if body.request_information == "setting":
            request_id = g.get("request_id")
            return self._setting.set_model(str(body.run_id), use_case=use_case, request_id=request_id), 200
        done = self._optimisation.optimise(_search(body), _experiment(body), use_case)
        data = {"experiment_id": done.experiment_id, "run_ids": done.run_ids}
        return {"message": "Experiments retrieved successfully", "data": data}, 201


def _search(body: ManagementRequest) -> SearchRequest:
    return SearchRequest(
        models=list(dict.fromkeys(body.models or [])),
        grids=body.hyperparameters or {},
        scoring=body.scoring or "accuracy",
        cv=5 if body.cv is None else body.cv,
        preprocessing=body.preprocessing or "standard_scaler",
    )


def _experiment(body: ManagementRequest) -> NewExperiment:
    tags = {"description": body.experiment_description, "owner": body.experiment_owner}
    given = {name: value for name, value in tags.items() if value is not None}
    return NewExperiment(str(body.experiment_name), given)
