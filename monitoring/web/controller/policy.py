"""`/root/monitoring/policy`."""

from typing import Any

from flask_restful import Resource

from fleet.web.answers import answers
from fleet.web.credentials import caller
from fleet.web.validation import accepts
from monitoring.service.policies import Policies
from monitoring.service.telling.telling import Telling
from monitoring.web.policy_schema import (
    PolicyAnswer,
    PolicyQuery,
    PolicyRemovedAnswer,
    PolicyRequest,
    PolicyTestRequest,
    ToldAnswer,
    shown,
)


class PolicyOfUseCase(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Say when a use case is judged, and what follows from it."""

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    @answers(PolicyAnswer, errors=[404, 503])
    @accepts(role="user", query=PolicyQuery)
    def get(self, query: PolicyQuery) -> dict[str, Any]:
        """Read a use case's policy."""
        return shown(self._policies.find(query.use_case), whole="admin" in caller().roles)

    @answers(PolicyAnswer, errors=[404, 503])
    @accepts(role="admin", body=PolicyRequest)
    def put(self, body: PolicyRequest) -> dict[str, Any]:
        """Put a policy in the place of the use case's, if it has one.

        Rows that came in before the use case had an enabled policy are not judged by it.
        """
        return shown(self._policies.put(body.use_case, body.chosen(), caller=caller()), whole=True)

    @answers(PolicyRemovedAnswer, errors=[404, 503])
    @accepts(role="admin", query=PolicyQuery)
    def delete(self, query: PolicyQuery) -> dict[str, Any]:
        """Remove a use case's policy; a loop that is under way goes on."""
        self._policies.remove(query.use_case, caller=caller())
        return {"message": f"The policy of '{query.use_case}' was removed"}


class PolicyTest(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Try the webhook of a policy."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    @answers(ToldAnswer, errors=[404, 409, 502, 503])
    @accepts(role="admin", body=PolicyTestRequest, optional=True)
    def post(self, body: PolicyTestRequest) -> dict[str, Any]:
        """Send a test to the policy's webhook now, once, and say how it answered."""
        answered = self._telling.test(body.use_case, caller=caller())
        return {"message": answered.sentence, "status": answered.status}
