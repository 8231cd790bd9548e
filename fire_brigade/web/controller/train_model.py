"""`/train_model`."""

from flask_restful import Resource

from fire_brigade.service.paths import Folders
from fire_brigade.service.steps import Steps
from fire_brigade.web.schema import ScoresAnswer, TrainRequest
from fleet.web.answers import answers
from fleet.web.heavy import heavy
from fleet.web.validation import accepts


class TrainModel(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Train the model."""

    def __init__(self, steps: Steps, folders: Folders) -> None:
        self._steps = steps
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
        return self._steps.train_model(data, model, encoder).by_name()
