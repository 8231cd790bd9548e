"""`/root/tracking/experiments`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.validation import accepts
from tracking.service.experiments import ExperimentService
from tracking.web.answers import DeletedAnswer, ExperimentAnswer, ExperimentsAnswer
from tracking.web.lists_schema import (
    BestModelRequest,
    ExperimentQuery,
    ExperimentRequest,
    ExperimentsQuery,
    GeneralRequest,
    StatisticsRequest,
)


class Experiments(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """List, describe, compare and delete experiments."""

    def __init__(self, experiments: ExperimentService) -> None:
        self._experiments = experiments

    @answers(ExperimentsAnswer, errors=[503])
    @accepts(role="user", query=ExperimentsQuery)
    def get(self, query: ExperimentsQuery) -> dict[str, Any]:
        """List experiments with their numbers of runs: all, or a page."""
        message = "Experiments retrieved successfully"
        if query.page is None:
            return {"message": message, "data": self._experiments.all()}
        page = self._experiments.page(query.page)
        return {"message": message, "data": page.items, "next_page_token": page.next_token}

    @answers(ExperimentAnswer, errors=[404, 503])
    @accepts(role="user", body=ExperimentRequest)
    def post(self, body: GeneralRequest | BestModelRequest | StatisticsRequest) -> dict[str, Any]:
        """Describe an experiment, or compare its runs."""
        match body:
            case GeneralRequest():
                general = self._experiments.general(body.experiment_id)
                return {"message": "Information Retrieved", "data": general}
            case BestModelRequest():
                best = self._experiments.best_run(body.experiment_id, body.filter)
                return {"message": "Best model and run retrieved successfully.", "data": best}
            case StatisticsRequest():
                statistics = self._experiments.statistics(body.experiment_id, body.filter)
                return {"message": "Statistics Retrieved", "data": statistics}

    @answers(DeletedAnswer, errors=[404, 503])
    @accepts(role="admin", query=ExperimentQuery)
    def delete(self, query: ExperimentQuery) -> dict[str, str]:
        """Delete an experiment."""
        self._experiments.delete(query.experiment_id, caller=caller())
        return {"message": f"Experiment {query.experiment_id} deleted successfully."}
