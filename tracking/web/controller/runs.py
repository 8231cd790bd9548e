"""`/root/tracking/runs`."""

from typing import Any

from flask_restful import Resource

from fleet.web.validation import accepts
from tracking.service.runs import RunService
from tracking.web.schema import ExperimentQuery, RunQuery, RunRequest


class Runs(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """List, describe and delete the runs of an experiment."""

    def __init__(self, runs: RunService) -> None:
        self._runs = runs

    @accepts(role="user", query=ExperimentQuery)
    def get(self, query: ExperimentQuery) -> dict[str, Any]:
        return {"message": "Experiment Runs Retrieved", "data": self._runs.all(query.experiment_id)}

    @accepts(role="user", body=RunRequest)
    def post(self, body: RunRequest) -> dict[str, Any]:
        read = self._runs.parameters if body.request_information == "parameters" else self._runs.metrics
        # "Parameters" for metrics too: clients of the reference know it so.
        return {"message": "Parameters Retrieved", "data": read(body.experiment_id, body.run_id, body.type)}

    @accepts(role="admin", query=RunQuery)
    def delete(self, query: RunQuery) -> dict[str, str]:
        self._runs.delete(query.experiment_id, query.run_id)
        return {"message": f"Run {query.run_id} deleted successfully."}
