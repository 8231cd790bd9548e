"""Where trainings and evaluations are recorded, and models come from."""

from collections.abc import Callable, Mapping
from typing import Protocol

import pandas as pd

from fire_brigade.persistence.model.scores import Scores
from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.signed_models import SignedModel

ReadModel = Callable[[], TrainedModel]
"""The model to predict with; raises a FleetError that says what to call if there is none."""


class TrainingRecord(Protocol):
    """Keeps what was trained, as MLflow does."""

    def record_training(
        self,
        trained: TrainedModel,
        signed: SignedModel,
        example: pd.DataFrame,
        params: Mapping[str, str],
        scores: Scores,
    ) -> str:
        """Records all of it or nothing, and registers the model; the number of its version.

        example: rows of the distance and the station. Raises UnavailableError.
        """


class EvaluationRecord(Protocol):
    """Keeps what an evaluation found."""

    def record_evaluation(self, metrics: Mapping[str, float], files: Mapping[str, bytes]) -> str:
        """The id of the run that keeps it; files: contents by name. Raises UnavailableError."""
