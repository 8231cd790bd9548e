"""`/health`, which is the fire brigade's own; `/health/live` and `/health/ready` are the fleet's."""

from flask_restful import Resource

from fire_brigade.service.paths import Places
from fire_brigade.web.schema import SystemAnswer
from fleet.web.answers import answers
from fleet.web.validation import NoArguments, accepts


class Health(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """How the whole system is."""

    def __init__(self, places: Places) -> None:
        self._places = places

    @answers(SystemAnswer)
    @accepts(role="anyone", query=NoArguments)
    def get(self, query: NoArguments) -> dict[str, str]:
        """Say whether every file is there that predictions come from, or which is missing."""
        missing = self._places.missing()
        if missing:
            return {"status": "warning", "message": f"Missing: {', '.join(missing)}"}
        return {"status": "healthy", "message": "All systems operational"}
