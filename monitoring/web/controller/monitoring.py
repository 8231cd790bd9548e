"""`/root/monitoring`."""

from dataclasses import asdict
from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller, require
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import NoArguments, accepts
from monitoring.service.monitoring import NAME, MonitoringService
from monitoring.web.schema import JudgeAnswer, JudgeRequest, MonitoringAnswer


class Monitoring(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Compare production with testing."""

    def __init__(self, monitoring: MonitoringService) -> None:
        self._monitoring = monitoring

    @answers(MonitoringAnswer)
    @accepts(role="user", query=NoArguments)
    def get(self, query: NoArguments) -> dict[str, Any]:
        """Say who judges."""
        return {"name": NAME, "message": "Monitoring"}

    @answers(JudgeAnswer, errors=[404, 409, 429, 503])
    @accepts(role="user", body=JudgeRequest, form=True)
    @idempotent
    @heavy
    def post(self, body: JudgeRequest) -> dict[str, Any]:
        """Compare production, or a window of it, with testing or another reference.

        Both sides are compared with the predictions of one deployment: the one that is named, else the live
        one if it has scored both, else the newest that has.
        """
        if body.retrain:
            require("admin")
        answer = self._monitoring.judge(
            body.metric,
            body.use_case,
            body.groups(),
            caller=caller(),
            deployment_id=body.deployment_id,
            window=body.chosen_window(),
            reference=body.chosen_reference(),
            retrain_on_failure=body.retrain,
        )
        retraining = {} if answer.retraining is None else {"retraining": asdict(answer.retraining)}
        return {"message": answer.result, "result_id": answer.result_id, **retraining}
