"""`/root/monitoring`."""

from dataclasses import asdict
from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller, require
from fleet.web.heavy import heavy
from fleet.web.idempotency import idempotent
from fleet.web.validation import NoArguments, accepts
from monitoring.service.judging.judging import Asked
from monitoring.service.judging.verdicts import Verdicts
from monitoring.service.monitoring import NAME, MonitoringService
from monitoring.web.schema import JudgeAnswer, JudgeRequest, MonitoringAnswer
from monitoring.web.verdict_schema import VerdictAnswer


class Monitoring(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Compare production with testing."""

    def __init__(self, monitoring: MonitoringService, verdicts: Verdicts) -> None:
        self._monitoring = monitoring
        self._verdicts = verdicts

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
        one if it has scored both, else the newest that has. A verdict is about the live one, unless another
        one is named.
        """
        if body.metric == "verdict":
            return self._verdict(body)
        if body.retrain:
            require("admin")
        answer = self._monitoring.judge(
            body.metric,
            body.use_case,
            body.groups(),
            caller=caller(),
            deployment_id=body.deployment_id,
            window=body.chosen_window(),
            reference=body.chosen_reference() or "testing",
            retrain_on_failure=body.retrain,
        )
        retraining = {} if answer.retraining is None else {"retraining": asdict(answer.retraining)}
        return {"message": answer.result, "result_id": answer.result_id, **retraining}

    def _verdict(self, body: JudgeRequest) -> dict[str, Any]:
        asked = Asked(body.chosen_window(), body.chosen_reference(), body.deployment_id, body.evidence)
        verdict = self._verdicts.judge(body.use_case, asked, caller=caller())
        message = VerdictAnswer.model_validate(verdict).model_dump(mode="json", exclude_unset=True)
        return {"message": message, "verdict_id": verdict.id}
