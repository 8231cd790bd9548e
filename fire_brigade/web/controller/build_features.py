"""`/build_features`."""

from typing import Any

from flask_restful import Resource

from fire_brigade.service.steps import Steps
from fire_brigade.web.schema import BuildFeaturesAnswer
from fleet.web.answers import answers
from fleet.web.credentials import refuse_foreign_pages
from fleet.web.heavy import heavy
from fleet.web.validation import NoArguments, accepts

MESSAGE = "Features built successfully"


class BuildFeatures(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Make features of the records."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    @answers(BuildFeaturesAnswer, errors=[409, 429, 503])
    @accepts(role="admin", query=NoArguments)
    @heavy
    def get(self, query: NoArguments) -> dict[str, Any]:
        """Join, clean and measure the records; every row that is dropped is counted."""
        refuse_foreign_pages()
        counts = self._steps.build_features(lambda share, detail: None)
        return {"status": "success", "message": MESSAGE, "counts": counts}
