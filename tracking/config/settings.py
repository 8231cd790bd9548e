"""What tracking is told by its environment, `TRACKING_*`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fleet.settings import DatabaseUrl, WorkerSettings, with_password


class TrackingSettings(WorkerSettings):
    """Settings of tracking."""

    model_config = SettingsConfigDict(env_prefix="TRACKING_")

    port: int = Field(5002, ge=1, le=65535, description="Port to listen on.")
    service_url: str = Field("/tracking", pattern=r"^(/[\w.-]+)+$", description="Second part of every path.")
    mlflow_url: str = Field(
        "http://127.0.0.1:5000", pattern=r"^https?://", description="The MLflow server's address."
    )
    mlflow_database_url: DatabaseUrl | None = Field(
        None,
        description="The database of that MLflow, where lists of runs are read; without it MLflow is asked.",
    )
    mlflow_database_password: SecretStr | None = Field(
        None, description="Its password, if not in the address."
    )
    mlflow_timeout_s: int = Field(
        5, ge=1, description="Seconds that MLflow may take for one answer; it is asked twice at most."
    )
    ml_model_url: str = Field(
        "http://127.0.0.1:5001/root/ml",
        pattern=r"^https?://",
        description="ml_model's address, with its path.",
    )
    sibling_key: SecretStr = Field(
        SecretStr(""), description="API key that other services of the fleet know this one by."
    )
    ml_model_timeout_s: float = Field(60, gt=0, description="Seconds that ml_model may take for one answer.")
    mlflow_change_timeout_s: float = Field(
        60,
        ge=0,
        description="Seconds that it is looked whether a deletion was done which MLflow does not answer.",
    )
    max_combinations: int = Field(
        10_000, ge=1, description="Largest number of hyperparameter combinations in one model's grid."
    )
    max_fits: int = Field(
        50_000,
        ge=1,
        description="Largest number of fits of one optimisation: combinations of all models, times folds.",
    )
    dask_scheduler: str | None = Field(
        None,
        pattern=r"^(tcp|tls)://",
        description="Scheduler of a Dask cluster that searches, such as `tcp://scheduler:8786`; "
        "without it they take the cores of the machine.",
    )

    def mlflow_database_address(self) -> str | None:
        """SQLAlchemy's URL of MLflow's database, the password included."""
        if self.mlflow_database_url is None:
            return None
        return with_password(self.mlflow_database_url, self.mlflow_database_password)
