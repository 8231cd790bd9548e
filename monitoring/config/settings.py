"""What monitoring is told by its environment, `MONITORING_*`."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fleet.settings import WorkerSettings
from monitoring.utils.destinations import parse_allowed


def _readable(text: str) -> str:
    parse_allowed(text)
    return text


class MonitoringSettings(WorkerSettings):
    """Settings of monitoring."""

    model_config = SettingsConfigDict(env_prefix="MONITORING_")

    port: int = Field(5003, ge=1, le=65535, description="Port to listen on.")
    service_url: str = Field(
        "/monitoring", pattern=r"^(/[\w.-]+)+$", description="Second part of every path."
    )
    ml_model_url: str = Field(
        "http://127.0.0.1:5001/root/ml",
        pattern=r"^https?://",
        description="ml_model's address, with its path.",
    )
    sibling_key: SecretStr = Field(
        SecretStr(""), description="API key that other services of the fleet know this one by."
    )
    ml_model_timeout_s: float = Field(600, gt=0, description="Seconds that ml_model may take for one answer.")
    tracking_url: str = Field(
        "http://127.0.0.1:5002/root/tracking",
        pattern=r"^https?://",
        description="tracking's address, with its path.",
    )
    tracking_timeout_s: float = Field(
        900, gt=0, description="Seconds that tracking may take for one answer; it waits for ml_model."
    )
    webhooks_allowed: Annotated[str, AfterValidator(_readable)] = Field(
        "",
        description="Hosts and networks, separated by commas, that webhooks may go to, besides public ones: "
        "`alertmanager,10.0.0.0/8`.",
    )
