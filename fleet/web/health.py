"""Is the process alive, and can it answer?"""

from collections.abc import Callable, Mapping
from typing import Any

from flask_restful import Resource

from fleet.web.answers import HealthAnswer, ReadyAnswer, answers
from fleet.web.roles import takes_role

ReadyCheck = Callable[[], object]
"""Raises a FleetError that says why the service cannot answer. A mapping that it answers tells, by use case,
what alone the service cannot do."""


class Live(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/live`: the process answers."""

    @takes_role("anyone")
    @answers(HealthAnswer)
    def get(self) -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "live"}


class Ready(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/ready`: whatever the service needs answers too."""

    def __init__(self, ready: ReadyCheck) -> None:
        self._ready = ready

    @takes_role("anyone")
    @answers(ReadyAnswer, errors=[503])
    def get(self) -> dict[str, Any]:
        """Say whether the service, and what it depends on, can answer, and for which use case it cannot."""
        degraded = self._ready()
        told = {"degraded": dict(degraded)} if isinstance(degraded, Mapping) and degraded else {}
        return {"status": "ready", **told}
