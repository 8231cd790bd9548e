"""`/predict`."""

from flask_restful import Resource

from fire_brigade.service.steps import Steps
from fire_brigade.web.schema import AttendanceTimeAnswer, PredictQuery
from fleet.web.answers import answers
from fleet.web.validation import accepts


class Predict(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Predict an attendance time."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    @answers(AttendanceTimeAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=PredictQuery)
    def get(self, query: PredictQuery) -> dict[str, float]:
        """Predict how many seconds an engine of the station takes to a call at that distance."""
        return {"predicted_attendance_time": self._steps.predict_model(query.distance, query.station)}
