"""`/root/simulator/use_cases`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.heavy import heavy
from fleet.web.validation import NoArguments, accepts
from simulator.service.unlisted import told_unlisted
from simulator.service.use_cases import CsvPart, Listed, UseCaseService
from simulator.web.use_case_schema import AddedAnswer, AddUseCaseRequest, RemovedAnswer, UseCasesAnswer


class UseCases(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """List and add use cases."""

    def __init__(self, use_cases: UseCaseService) -> None:
        self._use_cases = use_cases

    @answers(UseCasesAnswer, errors=[503])
    @accepts(role="user", query=NoArguments)
    def get(self, query: NoArguments) -> dict[str, Any]:
        """List the use cases that can be played."""
        return {"use_cases": [_listed(found) for found in self._use_cases.all()]}

    @answers(AddedAnswer, errors=[404, 409, 503])
    @accepts(role="admin", body=AddUseCaseRequest)
    @heavy
    def post(self, body: AddUseCaseRequest) -> dict[str, Any]:
        """Add a use case, or send the rows of one.

        All is checked before anything is registered. A CSV file that is larger than a body comes in parts.
        """
        part = None if body.csv is None else CsvPart(body.csv, body.part, body.parts, body.sha256)
        added = self._use_cases.add(body.definition, body.use_case, part, caller=caller())
        name = added.use_case.name
        done = f"Registered {name}" if added.registered else f"Received part {body.part} of {body.parts}"
        return {
            **told_unlisted(done, added.unlisted),
            "use_case": name,
            "task": added.use_case.task.value,
            "registered": added.registered,
            "sets": added.sets,
        }


class UseCase(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Remove a use case."""

    def __init__(self, use_cases: UseCaseService) -> None:
        self._use_cases = use_cases

    @answers(RemovedAnswer, errors=[404, 409, 503])
    @accepts(role="admin", query=NoArguments)
    @heavy
    def delete(self, query: NoArguments, name: str) -> dict[str, Any]:
        """Remove a use case with its rows, models, results and files, for good.

        One that is a file of the simulator is refused. What MLflow holds stays, and so does the audit trail.
        """
        removed = self._use_cases.remove(name, caller=caller())
        return {
            "message": f"Removed {name}",
            "use_case": name,
            "rows": removed.rows,
            "deployments": removed.deployments,
        }


def _listed(found: Listed) -> dict[str, Any]:
    use_case = found.use_case
    features = (found.registered or use_case.definition).features
    return {
        "name": use_case.name,
        "task": use_case.task.value,
        "target": use_case.target,
        "features": [feature.model_dump(mode="json") for feature in features],
        "source": use_case.source.kind,
        "split": use_case.split.kind,
        "uploaded": found.uploaded,
        "registered": found.registered is not None,
        "sets": found.sets,
    }
