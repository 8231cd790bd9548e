"""`/build_features`, `/train_model` and `/predict`: the steps that are answered once they are done."""

from typing import Any

from flask_restful import Resource

from fire_brigade.service.models import Models
from fire_brigade.service.paths import Folders
from fire_brigade.service.steps import Steps
from fire_brigade.web.schema import (
    AttendanceTimeAnswer,
    BuildFeaturesAnswer,
    PredictQuery,
    ScoresAnswer,
    TrainRequest,
)
from fleet.web.answers import answers
from fleet.web.credentials import refuse_foreign_pages
from fleet.web.heavy import heavy
from fleet.web.validation import NoArguments, accepts

BUILT = "Features built successfully"


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
        counts = self._steps.build_features()
        return {"status": "success", "message": BUILT, "counts": counts}


class TrainModel(Resource):  # type: ignore[misc]
    """Train the model."""

    def __init__(self, models: Models, folders: Folders) -> None:
        self._models = models
        self._folders = folders

    @answers(ScoresAnswer, errors=[409, 429, 503])
    @accepts(role="admin", body=TrainRequest, optional=True)
    @heavy
    def post(self, body: TrainRequest) -> dict[str, float]:
        """Train on the features, and keep the model and its encoder; nothing need be sent."""
        data = self._folders.file(body.data_path, "data_path") if body.data_path else None
        given = body.ml_model_path or body.model_path
        model = self._folders.model_file(given, "ml_model_path") if given else None
        encoder = self._folders.model_file(body.encoder_path, "encoder_path") if body.encoder_path else None
        return self._models.train(data, model, encoder)


class Predict(Resource):  # type: ignore[misc]
    """Predict an attendance time."""

    def __init__(self, models: Models) -> None:
        self._models = models

    @answers(AttendanceTimeAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=PredictQuery)
    def get(self, query: PredictQuery) -> dict[str, float]:
        """Predict how many seconds an engine of the station takes to a call at that distance."""
        return {"predicted_attendance_time": self._models.predict(query.distance, query.station)}
