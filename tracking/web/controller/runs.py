"""`/root/tracking/runs`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.validation import accepts
from tracking.service.runs import RunService
from tracking.web.answers import DeletedAnswer, RunAnswer, RunsAnswer
from tracking.web.lists_schema import MetricsRequest, ParametersRequest, RunQuery, RunRequest, RunsQuery


class Runs(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """List, describe and delete the runs of an experiment."""

    def __init__(self, runs: RunService) -> None:
        self._runs = runs

    @answers(RunsAnswer, errors=[404, 503])
    @accepts(role="user", query=RunsQuery)
    def get(self, query: RunsQuery) -> dict[str, Any]:
        """List the runs of an experiment, the newest first: all, or a page."""
        message = "Experiment Runs Retrieved"
        if query.page is None:
            return {"message": message, "data": self._runs.all(query.experiment_id)}
        page = self._runs.page(query.experiment_id, query.page)
        return {"message": message, "data": page.items, "next_page_token": page.next_token}

    @answers(RunAnswer, errors=[404, 503])
    @accepts(role="user", body=RunRequest)
    def post(self, body: ParametersRequest | MetricsRequest) -> dict[str, Any]:
        """Read a run's parameters or metrics."""
        read = self._runs.parameters if isinstance(body, ParametersRequest) else self._runs.metrics
        # "Parameters" for metrics too: clients of the reference know it so.
        return {"message": "Parameters Retrieved", "data": read(body.experiment_id, body.run_id, body.type)}

    @answers(DeletedAnswer, errors=[404, 503])
    @accepts(role="admin", query=RunQuery)
    def delete(self, query: RunQuery) -> dict[str, str]:
        """Delete a run."""
        self._runs.delete(query.experiment_id, query.run_id, caller=caller())
        return {"message": f"Run {query.run_id} deleted successfully."}
