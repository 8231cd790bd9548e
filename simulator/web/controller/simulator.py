"""`/root/simulator`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.validation import accepts
from simulator.service.simulator import NAME, SimulatorService
from simulator.service.unlisted import Unlisted, told_unlisted
from simulator.web.schema import DescribeRequest, LoadAnswer, LoadRequest, SimulatorAnswer


class Simulator(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Describe what is stored, and load sets."""

    def __init__(self, simulator: SimulatorService) -> None:
        self._simulator = simulator

    @answers(SimulatorAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=DescribeRequest)
    def get(self, query: DescribeRequest) -> dict[str, Any]:
        """Say how many samples are stored."""
        return {"name": NAME, "message": "Simulator", "sets": self._simulator.sizes(query.use_case)}

    @answers(LoadAnswer, errors=[404, 409, 503])
    @accepts(role="admin", body=LoadRequest, form=True)
    @heavy
    def post(self, body: LoadRequest) -> dict[str, Any]:
        """Load a set.

        What was simulated before is replaced in one transaction; rows that came in live stay.
        """
        unlisted: dict[str, Unlisted] = {}
        if body.set_name == "dataset":
            rows = self._simulator.name_sets(body.use_case)
        else:
            fouling = body.fouling.asked() if body.fouling is not None else "reference"
            rows = self._simulator.load(
                body.set_name, body.use_case, fouling, caller=caller(), unlisted=unlisted.update
            )
        return {**told_unlisted(f"Load {body.set_name} set", unlisted), "rows": rows}
