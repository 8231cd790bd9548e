"""Makes the service's working parts from its settings, for the web and for commands alike."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from db.database import DATABASE, Database
from db.jobs.jobs import JOBS, JobsInDatabase
from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.persistence.repository.locked_files import Recordings
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager, LogRules, ToProcessLog
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.persistence.repository.pushgateway import Pushgateway
from fire_brigade.service.build_features import Bands
from fire_brigade.service.models import Models
from fire_brigade.service.paths import FeatureFiles, Folders, Places
from fire_brigade.service.steps import Steps
from fleet.errors import UnavailableError
from fleet.health import Checks
from fleet.signing import kept_key

if TYPE_CHECKING:
    from fire_brigade.persistence.repository.mlflow_log import MlflowLog


@dataclass(frozen=True)
class FireBrigadeServices:
    """The steps, the jobs that do them, where files are or may be named, and the logs."""

    database: Database
    jobs: JobsInDatabase
    steps: Steps
    models: Models
    places: Places
    folders: Folders
    logs: LoggingMetricsManager

    @property
    def checks(self) -> Checks:
        """What is looked at to tell what can be done. Predictions go on without a database."""
        return {"MLflow": self.models.degraded, DATABASE: self._waiting_jobs}

    def _waiting_jobs(self) -> dict[str, str]:
        try:
            self.database.check()
            return self.jobs.degraded()
        except UnavailableError as error:
            return {JOBS: f"{error.error}: no job can be begun. {error.message}"}


def create_services(
    settings: FireBrigadeSettings, terminal: logging.Handler | None = None, figures: Path | None = None
) -> FireBrigadeServices:
    """The parts, on the files and servers that the settings name; of these only the artifact key is read yet.

    figures: where this process keeps its figures, if it keeps them (see keep_figures).
    terminal: what shows a command's messages; a service shows them in its own log. Raises LogDirectoryError,
    UnusableKeyError, FileNotWrittenError.
    """
    given, data = settings.artifact_key, settings.chemin_data
    files = ModelFiles(given.get_secret_value().encode() if given else kept_key(data / ".artifact_key"))
    places = _places(settings)
    sources = (
        RecordSource(
            "incident",
            settings.url_incident,
            "url_incident",
            places.records.incidents,
            settings.incident_expected_columns,
        ),
        RecordSource(
            "mobilisation",
            settings.url_mobilisation,
            "url_mobilisation",
            places.records.mobilisations,
            settings.mobilisation_expected_columns,
        ),
    )
    rules = LogRules(
        settings.log_directory,
        settings.LOG_MODE,
        settings.DEFAULT_LEVEL,
        settings.CONSOLE_LEVEL,
        settings.HISTORY_LEVEL,
    )
    gateway = Pushgateway(settings.PUSHGATEWAY_URL if settings.pushes_metrics else None, figures=figures)
    logs = LoggingMetricsManager(rules, terminal or ToProcessLog(), gateway)
    logs.take_warnings()
    bands = Bands(
        speed=(settings.BandWidth_speed_min, settings.BandWidth_speed_max),
        seconds=(settings.BandWidth_AttendanceTimeSeconds_min, settings.BandWidth_AttendanceTimeSeconds_max),
    )
    registry = _registry(settings, files) if settings.USE_MLFLOW else None
    database = Database("fire_brigade", settings)
    return FireBrigadeServices(
        database,
        JobsInDatabase(
            "fire_brigade",
            database.sessions,
            limit_s=settings.job_timeout_s,
            most_waiting=settings.max_jobs_waiting,
        ),
        Steps(places, sources, settings.years, bands, logs),
        Models(places, files, registry, logs),
        places,
        Folders(data, settings.chemin_model),
        logs,
    )


def _places(settings: FireBrigadeSettings) -> Places:
    data, models = settings.chemin_data, settings.chemin_model
    return Places(
        records=FeatureFiles(
            incidents=data / settings.fichier_incident,
            mobilisations=data / settings.fichier_mobilisation,
            stations=settings.chemin_data_ref / settings.fichier_stations,
            features=data / settings.fichier_global,
        ),
        made_up=data / "made_up",
        model=ModelPaths(models / settings.fichier_model, models / settings.fichier_encoder),
        evaluation=models / "evaluation",
    )


def _registry(settings: FireBrigadeSettings, files: ModelFiles) -> "MlflowLog":
    # Only now: importing MLflow takes seconds, which those who go without it need not wait.
    from fire_brigade.persistence.repository.mlflow_log import TIMEOUT_S, MlflowLog  # noqa: PLC0415
    from fleet.mlflow_client import connect  # noqa: PLC0415

    recordings = Recordings(settings.chemin_data / "recordings")
    client = connect(settings.MLFLOW_TRACKING_URI, timeout_s=TIMEOUT_S)
    return MlflowLog(client, settings.MLFLOW_EXPERIMENT_NAME, files, recordings)
