"""`/root/tracking/experiments`."""

from typing import Any

from flask_restful import Resource

from fleet.web.validation import NoArguments, accepts
from tracking.service.experiments import ExperimentService
from tracking.web.schema import ExperimentQuery, ExperimentRequest


class Experiments(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """List, describe, compare and delete experiments."""

    def __init__(self, experiments: ExperimentService) -> None:
        self._experiments = experiments

    @accepts(role="user", query=NoArguments)
    def get(self, query: NoArguments) -> dict[str, Any]:
        return {"message": "Experiments retrieved successfully", "data": self._experiments.all()}

    @accepts(role="user", body=ExperimentRequest)
    def post(self, body: ExperimentRequest) -> dict[str, Any]:
        match body.request_information:
            case "general":
                return {
                    "message": "Information Retrieved",
                    "data": self._experiments.general(body.experiment_id),
                }
            case "best_model":
                best = self._experiments.best_run(body.experiment_id, body.filter or [])
                return {"message": "Best model and run retrieved successfully.", "data": best}
            case "statistics":
                statistics = self._experiments.statistics(body.experiment_id, body.filter)
                return {"message": "Statistics Retrieved", "data": statistics}

    @accepts(role="admin", query=ExperimentQuery)
    def delete(self, query: ExperimentQuery) -> dict[str, str]:
        self._experiments.delete(query.experiment_id)
        return {"message": f"Experiment {query.experiment_id} deleted successfully."}
