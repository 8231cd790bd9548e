"""What the simulator is told by its environment, `SIMULATOR_*`."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from fleet.settings import WorkerSettings


class SimulatorSettings(WorkerSettings):
    """Settings of the simulator."""

    model_config = SettingsConfigDict(env_prefix="SIMULATOR_")

    port: int = Field(5004, ge=1, le=65535, description="Port to listen on.")
    service_url: str = Field("/simulator", pattern=r"^(/[\w.-]+)+$", description="Second part of every path.")
    use_cases_dir: Path = Field(
        Path(__file__).parent / "use_cases", description="Folder of the use-case definitions (`*.yml`)."
    )
    synthetic_memory_mb: int = Field(
        768, ge=1, description="Most MiB that loading a set of a synthetic use case may need."
    )
    data_dir: Path = Field(
        Path("data"), description="Folder of the CSV files that definitions name; `data` unless given."
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
