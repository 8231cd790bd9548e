"""Is the process alive, and can it answer?"""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask_restful import Resource

from fleet.errors import UnavailableError
from fleet.health import Check, Checks
from fleet.web.answers import HealthAnswer, ReadyAnswer, answers
from fleet.web.asking import Asking, NoAnswerYetError
from fleet.web.roles import takes_role

READY_S = 1.5  # whoever asks waits two seconds, the way included


class HangingError(UnavailableError):
    """Something that the service needs was asked, and does not answer."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} does not answer within {READY_S:g} seconds",
            "See whether it hangs or is overloaded; the service is ready again as soon as it answers",
        )


class Readiness:
    """What a service needs to answer.

    One look at a time is made, in a thread, and goes on where something hangs.
    """

    def __init__(self, app: Flask, checks: Checks) -> None:
        self._checks = checks
        self._looks_at = ""
        self._asking = Asking(app, self._look, seconds=READY_S)

    def __call__(self) -> Mapping[str, str]:
        """What checks tell; raises what one of them raised, or HangingError, within READY_S."""
        try:
            return self._asking.begin().answer()
        except NoAnswerYetError as error:
            raise HangingError(self._looks_at) from error

    def _look(self) -> dict[str, str]:
        told: dict[str, str] = {}
        for what, check in self._checks.items():
            self._looks_at = what
            told |= check() or {}
        return told


class Live(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/live`: the process answers."""

    @takes_role("anyone")
    @answers(HealthAnswer)
    def get(self) -> dict[str, str]:
        """Say that the process runs."""
        return {"status": "live"}


class Ready(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/ready`: whatever the service needs answers too."""

    def __init__(self, ready: Check) -> None:
        self._ready = ready

    @takes_role("anyone")
    @answers(ReadyAnswer, errors=[503])
    def get(self) -> dict[str, Any]:
        """Say whether the service, and what it depends on, can answer, and for which use case it cannot."""
        degraded = self._ready()
        return {"status": "ready", **({"degraded": dict(degraded)} if degraded else {})}
