"""`/root/simulator/prune`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.validation import accepts
from simulator.service.retention import RetentionService
from simulator.web.schema import PruneAnswer, PruneRequest

WOULD = "Nothing was deleted: this is what is due"
DELETED = "Deleted what was due"


class Prune(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Delete what is older than it is to be kept."""

    def __init__(self, retention: RetentionService) -> None:
        self._retention = retention

    @answers(PruneAnswer, errors=[404, 409, 503])
    @accepts(role="admin", body=PruneRequest)
    @heavy
    def post(self, body: PruneRequest) -> dict[str, Any]:
        """Say what is older than its use case's definition wants it kept, or delete it.

        Nothing is deleted unless `dry_run` is false.
        """
        if body.dry_run:
            due = self._retention.due(body.use_case)
        else:
            due = self._retention.prune(body.use_case, caller=caller())
        answer = PruneAnswer(
            message=WOULD if body.dry_run else DELETED,
            dry_run=body.dry_run,
            use_cases=due.use_cases,
            answers=due.answers,
            live_runs=due.live_runs,
        )
        return answer.model_dump(mode="json")
