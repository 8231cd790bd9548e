"""What the fire brigade's service is told: the parameters of its configuration guide, under their own names.

Each is read from `FIRE_BRIGADE_<NAME>`, else from the bare name, else from the settings file.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from fire_brigade.config.columns import INCIDENT_COLUMNS, MOBILISATION_COLUMNS
from fire_brigade.config.sources import BareNames, SettingsFile
from fleet.accounts import Users
from fleet.settings import WorkerSettings

LONDON = "https://data.london.gov.uk/download/"
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
FileName = Annotated[str, Field(pattern=r"^[\w-][\w .-]*$")]


def _listed(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",")]


Columns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Years = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_listed)]


class FireBrigadeSettings(WorkerSettings):
    """Settings of the fire brigade's service."""

    model_config = SettingsConfigDict(env_prefix="FIRE_BRIGADE_")

    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    base_url: str = Field("", pattern=r"^(/[\w.-]+)*$", description="First part of every path; none.")
    service_url: str = Field("", pattern=r"^(/[\w.-]+)*$", description="Second part of every path; none.")
    settings_file: Path | None = Field(
        None, description="File with settings, YAML or lines `NAME=value`; variables count first."
    )

    chemin_data: Path = Field(Path("data"), description="Folder of the data; `data` unless given.")
    chemin_data_ref: Path = Field(
        Path("data/ref"), description="Folder of the reference data (stations); `data/ref` unless given."
    )
    chemin_model: Path = Field(
        Path("models"), description="Folder of the model and its encoder; `models` unless given."
    )
    url_incident: str = Field(
        LONDON + "london-fire-brigade-incident-records/f5066d66-c7a3-415f-9629-026fbda61822/"
        "LFB%20Incident%20data%20from%202018%20onwards.csv.xlsx",
        pattern=r"^(https?|file)://",
        description="Workbook or CSV file of the incidents: `http://`, `https://` or `file://`.",
    )
    url_mobilisation: str = Field(
        LONDON + "london-fire-brigade-mobilisation-records/3ff29fb5-3935-41b2-89f1-38571059237e/"
        "LFB%20Mobilisation%20data%202021%20-%202024.xlsx",
        pattern=r"^(https?|file)://",
        description="Workbook or CSV file of the mobilisations: `http://`, `https://` or `file://`.",
    )
    fichier_incident: FileName = Field("incident_data.csv", description="File of the kept incidents.")
    fichier_mobilisation: FileName = Field(
        "mobilisation_data.csv", description="File of the kept mobilisations."
    )
    fichier_stations: FileName = Field(
        "stations.csv",
        description="File of the stations; where it is missing, the shipped one counts.",
    )
    fichier_calendrier: FileName = Field("calendrier.csv", description="Calendar file; nothing reads it yet.")
    fichier_vehicle: FileName = Field("vehicle.csv", description="Vehicle file; nothing reads it yet.")
    fichier_global: FileName = Field("global_data.csv", description="File of the features.")
    fichier_model: FileName = Field("linear_regression_model.pkl", description="File of the model.")
    fichier_encoder: FileName = Field(
        "onehot_encoder.pkl", description="File of the encoder of the station names."
    )
    log_directory: Path = Field(Path("logs"), description="Folder of the log files; `logs` unless given.")

    years: Years = Field((2022, 2023), min_length=1, description="Years (`CalYear`) whose records are kept.")
    incident_expected_columns: Columns = Field(
        default_factory=lambda: INCIDENT_COLUMNS,
        min_length=1,
        description="Columns that incidents must have; the 39 published ones unless given.",
    )
    mobilisation_expected_columns: Columns = Field(
        default_factory=lambda: MOBILISATION_COLUMNS,
        min_length=1,
        description="Columns that mobilisations must have; the 22 published ones unless given.",
    )
    BandWidth_speed_min: float = Field(5, ge=0, description="Slowest speed that is kept, in km/h.")
    BandWidth_speed_max: float = Field(35, gt=0, description="Fastest speed that is kept, in km/h.")
    BandWidth_AttendanceTimeSeconds_min: float = Field(
        193, ge=0, description="Shortest attendance that is kept, in seconds."
    )
    BandWidth_AttendanceTimeSeconds_max: float = Field(
        539, gt=0, description="Longest attendance that is kept, in seconds."
    )

    LOG_MODE: Literal["a", "w"] = Field(
        "a", description="Log files are gone on with (`a`) or begun anew (`w`)."
    )
    DEFAULT_LEVEL: Level = Field("DEBUG", description="Least severe level in the log files.")
    CONSOLE_LEVEL: Level = Field("INFO", description="Least severe level on the terminal.")
    HISTORY_LEVEL: Level = Field("WARNING", description="Least severe level in the history of all steps.")
    PUSHGATEWAY_URL: str = Field(
        "http://127.0.0.1:9091", pattern=r"^https?://", description="Where metrics are pushed to."
    )
    PUSH_GETAWAY_ENABLED: bool = Field(False, description="Whether metrics are pushed.")
    PUSH_GATEWAY_ENABLED: bool | None = Field(
        None, description="The same in its right spelling; it counts where both are given."
    )
    USE_MLFLOW: bool = Field(False, description="Whether runs and models go to MLflow, and come from there.")
    MLFLOW_TRACKING_URI: str = Field("http://127.0.0.1:5000", description="The MLflow server.")
    MLFLOW_EXPERIMENT_NAME: str = Field(
        "LFB_MLOPS", min_length=1, description="Experiment that trainings are logged to."
    )

    first_users: Users = Field(
        (),
        description="Users of this service alone, such as `./launch.sh` makes; one of `USERS` with the same "
        "name counts instead.",
    )
    artifact_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="Secret that signs the files of model and encoder; kept in the data folder unless given.",
    )

    @property
    def asks_for_credentials(self) -> bool:
        """Always: wherever it listens, and whatever `AUTH` says."""
        return True

    @property
    def all_users(self) -> Users:
        """Everybody with a password."""
        names = {user.name for user in self.users}
        return (*self.users, *(user for user in self.first_users if user.name not in names))

    @model_validator(mode="after")
    def _somebody_can_be_let_in(self) -> Self:
        return self  # without users it starts all the same, and lets in nobody

    @property
    def figures(self) -> Path:
        """Folder in which jobs keep what they count."""
        return self.chemin_data / "figures"

    @property
    def pushes_metrics(self) -> bool:
        """Whether metrics are pushed, in whichever spelling that was said."""
        return self.PUSH_GETAWAY_ENABLED if self.PUSH_GATEWAY_ENABLED is None else self.PUSH_GATEWAY_ENABLED

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: PydanticBaseSettingsSource, **named: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The fleet's sources first, then the bare names, then the file."""
        fleets = super().settings_customise_sources(settings_cls, *sources, **named)
        return *fleets, BareNames(settings_cls), SettingsFile(settings_cls)
