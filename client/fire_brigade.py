"""fire_brigade: from raw records to predicted attendance times."""

from client.answers import AttendanceTime, BuiltFeatures, Job, Scores, StartedJob, SystemHealth
from client.jobs import JobHandle, Jobs

__all__ = ["FireBrigade", "Job"]


class FireBrigade(Jobs):
    """`fleet.fire_brigade`, which always asks for credentials."""

    def health(self) -> SystemHealth:
        """Says whether every file is there that predictions come from."""
        return self._connection.get(SystemHealth, "/health")

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
        wanted = {name: "true" for name, flag in flags.items() if flag}
        return self._connection.get(StartedJob, "/process_data", attempts=attempts, **wanted)

    def build_features(self) -> BuiltFeatures:
        """Makes features of the records. Raises ConflictError if there are none."""
        return self._connection.get(BuiltFeatures, "/build_features")

    def begin_features(self) -> JobHandle[BuiltFeatures]:
        """Has features made, without waiting for them."""
        job_id = self._connection.begin("/build_features", method="GET")
        return JobHandle(self, job_id, BuiltFeatures.model_validate)

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
        return self._connection.post(Scores, "/train_model", **body)

    def begin_training(self, **paths: str) -> JobHandle[Scores]:
        """Has the model trained, without waiting for it. paths: as of train_model."""
        return JobHandle(self, self._connection.begin("/train_model", **paths), Scores.model_validate)

    def predict(self, distance: float, station: str) -> AttendanceTime:
        """How long an engine of the station takes to a call so many km away.

        Raises NotFoundError if there is no such station, ConflictError if no model has been trained.
        """
        return self._connection.get(AttendanceTime, "/predict", distance=distance, station=station)
