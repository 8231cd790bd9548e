"""`/build_features`, `/train_model` and `/predict`: the steps that are answered once they are done."""

from flask_restful import Resource

from fire_brigade.service.models import Models
from fire_brigade.service.paths import Folders
from fire_brigade.web.schema import (
    AttendanceTimeAnswer,
    BuildFeaturesAnswer,
    PredictQuery,
    ScoresAnswer,
    TrainRequest,
)
from fleet.jobs import Jobs
from fleet.web.answers import answers
from fleet.web.credentials import refuse_foreign_pages
from fleet.web.jobs import Accepted, JobAnswer, answer_by_job
from fleet.web.validation import NoArguments, accepts


class BuildFeatures(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Make features of the records."""

    def __init__(self, jobs: Jobs, path: str) -> None:
        self._jobs = jobs
        self._path = path

    @answers(BuildFeaturesAnswer, errors=[409, 429, 503, 504])
    @answers(JobAnswer, status=202)
    @accepts(role="admin", query=NoArguments)
    def get(self, query: NoArguments) -> Accepted:
        """Join, clean and measure the records; every row that is dropped is counted."""
        refuse_foreign_pages()
        return answer_by_job(self._jobs, self._path, "build_features", {})


class TrainModel(Resource):  # type: ignore[misc]
    """Train the model."""

    def __init__(self, jobs: Jobs, path: str, models: Models, folders: Folders) -> None:
        self._jobs = jobs
        self._path = path
        self._models = models
        self._folders = folders

    @answers(ScoresAnswer, errors=[409, 429, 503, 504])
    @answers(JobAnswer, status=202)
    @accepts(role="admin", body=TrainRequest, optional=True)
    def post(self, body: TrainRequest) -> Accepted:
        """Train on the features, and keep the model and its encoder; nothing need be sent."""
        data = self._folders.file(body.data_path, "data_path") if body.data_path else None
        given = body.ml_model_path or body.model_path
        model = self._folders.model_file(given, "ml_model_path") if given else None
        encoder = self._folders.model_file(body.encoder_path, "encoder_path") if body.encoder_path else None
        self._models.check_files(data, model, encoder)
        asked = {"data": data, "model": model, "encoder": encoder}
        paths = {name: str(path) for name, path in asked.items() if path is not None}
        return answer_by_job(self._jobs, self._path, "train_model", paths)


class Predict(Resource):  # type: ignore[misc]
    """Predict an attendance time."""

    def __init__(self, models: Models) -> None:
        self._models = models

    @answers(AttendanceTimeAnswer, errors=[404, 409, 503])
    @accepts(role="user", query=PredictQuery)
    def get(self, query: PredictQuery) -> dict[str, float]:
        """Predict how many seconds an engine of the station takes to a call at that distance."""
        return {"predicted_attendance_time": self._models.predict(query.distance, query.station)}
