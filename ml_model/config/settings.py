"""What ml_model is told by its environment, `ML_MODEL_*`."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fleet.settings import DatabaseServiceSettings


class MlModelSettings(DatabaseServiceSettings):
    """Settings of ml_model."""

    model_config = SettingsConfigDict(env_prefix="ML_MODEL_")

    port: int = Field(5001, ge=1, le=65535, description="Port to listen on.")
    service_url: str = Field("/ml", pattern=r"^(/[\w.-]+)+$", description="Second part of every path.")
    alias_url: str = Field(
        "/model", pattern=r"^(/[\w.-]+)+$", description="Another second part: every route answers there too."
    )
    artifact_key: SecretStr = Field(
        min_length=16,
        description="Secret that signs model artifacts; one for all replicas, kept as long as the database.",
    )
    workers: int = Field(
        1, ge=1, le=64, description="Processes that answer; each has its threads, and its own heavy work."
    )
    max_predict_rows: int = Field(10_000, ge=1, description="Rows that one request for predictions may have.")
    live_refresh_s: float = Field(
        0.25, gt=0, le=60, description="Seconds between two looks at which models are live."
    )
    live_models_mib: int = Field(
        32,
        ge=1,
        description="MiB of stored models that are kept open; beyond, those that were asked longest ago are "
        "closed, and opened again when they are asked.",
    )
    live_store_share: float = Field(
        1.0, ge=0, le=1, description="Share of the live requests whose rows are stored; 0 for none."
    )
    live_store_shares: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description='Other shares by use case, as JSON: `{"wine": 0.1}`.'
    )
    live_buffer_rows: int = Field(
        100_000,
        ge=1,
        le=10_000_000,
        description="Live rows that wait in memory to be stored; what comes beyond is lost, and counted.",
    )
    live_flush_s: float = Field(
        0.2,
        gt=0,
        le=60,
        description="Seconds within which live rows are stored, if PostgreSQL takes them in half of that.",
    )

    @property
    def processes(self) -> int:
        """Worker processes."""
        return self.workers
