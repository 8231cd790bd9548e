"""Makes the service's working parts from its settings, for the web and for commands alike."""

import logging
from dataclasses import dataclass

from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.persistence.repository.job_files import JobFiles
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager, LogRules, ToProcessLog
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.persistence.repository.pushgateway import BackgroundPushes, Gateway, NoGateway, Pushgateway
from fire_brigade.persistence.repository.recordings import Recordings
from fire_brigade.service.build_features import Band, Bands, FeatureFiles
from fire_brigade.service.jobs import Jobs
from fire_brigade.service.paths import Folders
from fire_brigade.service.ports import ModelRegistry
from fire_brigade.service.steps import Places, Steps
from fleet.signing import kept_key


@dataclass(frozen=True)
class FireBrigadeServices:
    """The steps, what works on them in the background, where requests may name files, and the logs."""

    steps: Steps
    jobs: Jobs
    folders: Folders
    logs: LoggingMetricsManager


def create_services(
    settings: FireBrigadeSettings, terminal: logging.Handler | None = None
) -> FireBrigadeServices:
    """The parts, on the files and servers that the settings name; of these only the artifact key is read yet.

    terminal: what shows a command's messages; a service shows them in its own log, and has its metrics pushed
    in the background. Raises LogDirectoryError, UnusableKeyError, FileNotWrittenError.
    """
    given, data = settings.artifact_key, settings.chemin_data
    files = ModelFiles(given.get_secret_value().encode() if given else kept_key(data / ".artifact_key"))
    logs = _logs(settings, terminal)
    steps = Steps(
        places=_places(settings),
        sources=_sources(settings),
        years=settings.years,
        bands=Bands(
            speed=Band(settings.BandWidth_speed_min, settings.BandWidth_speed_max),
            seconds=Band(
                settings.BandWidth_AttendanceTimeSeconds_min, settings.BandWidth_AttendanceTimeSeconds_max
            ),
        ),
        files=files,
        registry=_registry(settings, files) if settings.USE_MLFLOW else None,
        logs=logs,
    )
    return FireBrigadeServices(
        steps, Jobs(JobFiles(data / "jobs")), Folders(data, settings.chemin_model), logs
    )


def _logs(settings: FireBrigadeSettings, terminal: logging.Handler | None) -> LoggingMetricsManager:
    rules = LogRules(
        settings.log_directory,
        settings.LOG_MODE,
        settings.DEFAULT_LEVEL,
        settings.CONSOLE_LEVEL,
        settings.HISTORY_LEVEL,
    )
    gateway: Gateway = Pushgateway(settings.PUSHGATEWAY_URL) if settings.pushes_metrics else NoGateway()
    logs = LoggingMetricsManager(
        rules, terminal or ToProcessLog(), gateway if terminal else BackgroundPushes(gateway)
    )
    logs.take_warnings()
    return logs


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


def _sources(settings: FireBrigadeSettings) -> tuple[RecordSource, RecordSource]:
    incidents = settings.chemin_data / settings.fichier_incident
    mobilisations = settings.chemin_data / settings.fichier_mobilisation
    return (
        RecordSource(
            "incident", settings.url_incident, "url_incident", incidents, settings.incident_expected_columns
        ),
        RecordSource(
            "mobilisation",
            settings.url_mobilisation,
            "url_mobilisation",
            mobilisations,
            settings.mobilisation_expected_columns,
        ),
    )


def _registry(settings: FireBrigadeSettings, files: ModelFiles) -> ModelRegistry:
    # Only now: importing MLflow takes seconds, which those who go without it need not wait.
    from fire_brigade.persistence.repository.mlflow_log import TIMEOUT_S, MlflowLog  # noqa: PLC0415
    from fleet.mlflow_client import connect  # noqa: PLC0415

    recordings = Recordings(settings.chemin_data / "recordings")
    client = connect(settings.MLFLOW_TRACKING_URI, timeout_s=TIMEOUT_S)
    return MlflowLog(client, settings.MLFLOW_EXPERIMENT_NAME, files, recordings)
