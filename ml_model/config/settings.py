"""What ml_model is told by its environment, `ML_MODEL_*`."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fleet.settings import DatabaseSettings, ServiceSettings


class MlModelSettings(DatabaseSettings, ServiceSettings):
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
