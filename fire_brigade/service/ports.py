"""What the steps need from outside of them."""

from collections.abc import Callable, Mapping
from typing import Protocol

import pandas as pd

from fire_brigade.persistence.model.scores import Scores
from fire_brigade.persistence.model.trained_model import TrainedModel
from fire_brigade.persistence.repository.signed_models import SignedModel

ReadModel = Callable[[], TrainedModel]
"""The model to predict with; raises a FleetError that says what to call if there is none."""


class Tell(Protocol):
    """Writes a message into a log, and figures along with it."""

    def __call__(self, message: str, *, metrics: Mapping[str, float] | None = None) -> None:
        """metrics: values by name; the log puts its step's name behind them, and all are gauges."""


class MetricsLog(Protocol):
    """The log of a step: what only a search for an error needs, what went as it should, what failed."""

    @property
    def debug(self) -> Tell: ...

    @property
    def info(self) -> Tell: ...

    @property
    def error(self) -> Tell: ...


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


class ModelRegistry(TrainingRecord, Protocol):
    """Keeps trainings, evaluations and models outside of this service, as MLflow does."""

    def record_evaluation(self, metrics: Mapping[str, float], files: Mapping[str, bytes]) -> str:
        """The id of the run that keeps what was found; files: contents by name. Raises UnavailableError."""

    def is_there(self) -> bool:
        """Whether it answers, told at once."""

    def end_stale(self) -> None:
        """Fails the recordings of processes that were killed. Raises UnavailableError."""

    def newest(self) -> TrainedModel:
        """The model that was registered last; raises a FleetError if there is none or it cannot be had."""
