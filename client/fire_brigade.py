"""fire_brigade: from raw records to predicted attendance times."""

from typing import Any, Literal

from client.answer import Answer
from client.connection import Connection


class SystemHealth(Answer):
    """Whether every file is there that predictions come from; the message names those that are not."""

    status: Literal["healthy", "warning"]
    message: str


class StartedJob(Answer):
    """Work that has begun."""

    status: Literal["success"]
    message: str
    job_id: str


class Job(Answer):
    """How a job is. progress: 0 to 1. result or error: once it has ended, the one or the other.

    result: by kind of records, rows that came and rows that were kept. error: its code, what is wrong, and
    what to do about it, as of any other error.
    """

    id: str
    status: Literal["queued", "running", "succeeded", "failed"]
    progress: float
    detail: str
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class BuiltFeatures(Answer):
    """How many rows there were, and how many were dropped for which reason."""

    status: Literal["success"]
    message: str
    counts: dict[str, int]


class Scores(Answer):
    """On the rows kept for testing: seconds squared, a share (1 at best), seconds, seconds."""

    mse: float
    r2_score: float
    mae: float
    max_error: float


class Prediction(Answer):
    """Seconds from the call to the arrival."""

    predicted_attendance_time: float


class FireBrigade:
    """`fleet.fire_brigade`, which always asks for credentials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def health(self) -> SystemHealth:
        """Says whether every file is there that predictions come from."""
        return self._connection.ask(SystemHealth, "GET", "/health")

    def process_data(
        self,
        *,
        incident: bool = False,
        mobilisation: bool = False,
        convert_to_pickle: bool = False,
        made_up: bool = False,
        attempts: int | None = None,
    ) -> StartedJob:
        """Starts to fetch the records: those that are asked for, or both kinds. `job` tells how far it is.

        made_up: makes records up instead of fetching them, unless there are real ones, which stay.
        attempts: how often a download is tried, 1 to 10. Raises ConflictError while a job is at work.
        """
        flags = {
            "incident": incident,
            "mobilisation": mobilisation,
            "convert_to_pickle": convert_to_pickle,
            "made_up": made_up,
        }
        query: dict[str, Any] = {name: "true" for name, wanted in flags.items() if wanted}
        return self._connection.ask(StartedJob, "GET", "/process_data", query={**query, "attempts": attempts})

    def job(self, job_id: str) -> Job:
        """How a job is. Raises NotFoundError."""
        return self._connection.ask(Job, "GET", f"/jobs/{job_id}")

    def build_features(self) -> BuiltFeatures:
        """Makes features of the records. Raises ConflictError if there are none."""
        return self._connection.ask(BuiltFeatures, "GET", "/build_features")

    def train_model(
        self,
        *,
        data_path: str | None = None,
        ml_model_path: str | None = None,
        encoder_path: str | None = None,
    ) -> Scores:
        """Trains on three quarters of the features, and scores on the rest. Raises ConflictError without any.

        The paths, such as models/other.pkl, name other files than the usual ones.
        """
        body = {"data_path": data_path, "ml_model_path": ml_model_path, "encoder_path": encoder_path}
        return self._connection.ask(Scores, "POST", "/train_model", body=body)

    def predict(self, distance: float, station: str) -> Prediction:
        """How long an engine of the station takes to a call so many km away.

        Raises NotFoundError if there is no such station, ConflictError if no model has been trained.
        """
        query = {"distance": distance, "station": station}
        return self._connection.ask(Prediction, "GET", "/predict", query=query)
