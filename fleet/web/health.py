"""Is the process alive, and can it answer?"""

from collections.abc import Callable

from flask_restful import Resource


class Live(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/live`: the process answers."""

    def get(self) -> dict[str, str]:
        return {"status": "live"}


class Ready(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/health/ready`: whatever the service needs answers too."""

    def __init__(self, ready: Callable[[], object]) -> None:
        self._ready = ready

    def get(self) -> dict[str, str]:
        self._ready()
        return {"status": "ready"}
