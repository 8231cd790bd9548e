"""`/root/tracking/model_management`."""

from dataclasses import asdict
from typing import Any

from flask import request
from flask_restful import Resource

from fleet.jobs import Jobs
from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.idempotency import HEADER, Answer, idempotent
from fleet.web.jobs import JobAnswer, answer_by_job
from fleet.web.validation import accepts
from tracking.service.model_setting import AskedRun, ModelSettingService
from tracking.service.optimisation import Optimisation, OptimisationService
from tracking.web.answers import CreatedAnswer, SettingAnswer
from tracking.web.schema import ManagementRequest, OptimizationRequest, PromotedRequest, SettingRequest


class ModelManagement(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Search models, and set the model of a run in ml_model."""

    def __init__(
        self, optimisation: OptimisationService, setting: ModelSettingService, jobs: Jobs, path: str
    ) -> None:
        self._optimisation = optimisation
        self._setting = setting
        self._jobs = jobs
        self._path = path

    @answers(CreatedAnswer, status=201)
    @answers(JobAnswer, status=202)
    @answers(SettingAnswer, errors=[404, 409, 429, 502, 503, 504])
    @accepts(role="admin", body=ManagementRequest)
    @idempotent
    def post(self, body: OptimizationRequest | SettingRequest | PromotedRequest) -> Answer:
        """Search models, set the model of a run or train it as a candidate, or say that one was promoted.

        A search is a job: it goes on when its client goes away.
        """
        match body:
            case OptimizationRequest():
                return self._optimise(body)
            case SettingRequest(candidate=True):
                return self._train_candidate(body), 201
            case SettingRequest():
                return self._set_model(body), 200
            case PromotedRequest():
                return self._promoted(body), 200

    def _train_candidate(self, body: SettingRequest) -> dict[str, Any]:
        return self._setting.train_candidate(
            _asked(body), body.snapshot_id, caller=caller(), key=request.headers.get(HEADER)
        )

    def _promoted(self, body: PromotedRequest) -> dict[str, Any]:
        self._setting.promoted(_asked(body), body.deployment_id)
        return {"message": "Model is the champion", "deployment_id": body.deployment_id}

    def _optimise(self, body: OptimizationRequest) -> Answer:
        asked = _optimisation(body)
        self._optimisation.check(asked)
        return answer_by_job(self._jobs, self._path, "optimisation", asdict(asked), status=201)

    def _set_model(self, body: SettingRequest) -> dict[str, Any]:
        return self._setting.set_model(_asked(body), caller=caller(), key=request.headers.get(HEADER))


def _asked(body: SettingRequest | PromotedRequest) -> AskedRun:
    return AskedRun(body.run_id, body.use_case, "use_case" in body.model_fields_set)


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
        method=body.method,
        candidates=None if body.budget is None else body.budget.candidates,
        seconds=None if body.budget is None else body.budget.seconds,
        include=body.include or {},
    )
