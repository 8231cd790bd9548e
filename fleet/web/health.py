"""Is the process alive, and can it answer?"""

from collections.abc import Callable

from flask_restful import Resource

from fleet.web.answers import HealthAnswer, answers
from fleet.web.roles import takes_role


class Live(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/live`: the process answers."""

    @takes_role("anyone")
    @answers(HealthAnswer)
    def get(self) -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "live"}


class Ready(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/ready`: whatever the service needs answers too."""

    def __init__(self, ready: Callable[[], object]) -> None:
        self._ready = ready

    @takes_role("anyone")
    @answers(HealthAnswer, errors=[503])
    def get(self) -> dict[str, str]:
        """Say whether the service, and what it depends on, can answer."""
        self._ready()
        return {"status": "ready"}
