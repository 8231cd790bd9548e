"""`/root/monitoring`."""

from typing import Any

from flask import g
from flask_restful import Resource

from fleet.web.validation import NoArguments, accepts
from monitoring.service.monitoring import NAME, MonitoringService
from monitoring.web.schema import JudgeRequest


class Monitoring(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Compare production with testing."""

    def __init__(self, monitoring: MonitoringService) -> None:
        self._monitoring = monitoring

    @accepts(role="user", query=NoArguments)
    def get(self, query: NoArguments) -> dict[str, Any]:
        return {"name": NAME, "message": "Monitoring"}

    @accepts(role="user", body=JudgeRequest, form=True)
    def post(self, body: JudgeRequest) -> dict[str, Any]:
        answer = self._monitoring.judge(
            body.metric,
            body.use_case,
            body.groups(),
            retrain_on_failure=body.retrain,
            request_id=g.get("request_id"),
        )
        retraining = {} if answer.retraining is None else {"retraining": answer.retraining}
        return {"message": answer.result, "result_id": answer.result_id, **retraining}
