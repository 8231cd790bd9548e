"""Makes the steps from the settings, for the command line and for the service."""

import logging
from collections.abc import Callable

from fire_brigade.config.settings import FireBrigadeSettings
from fire_brigade.persistence.model.records import Kind, RecordSource
from fire_brigade.persistence.repository.downloads import DownloadLimits
from fire_brigade.persistence.repository.key_file import kept_key
from fire_brigade.persistence.repository.log_files import LoggingMetricsManager, LogRules
from fire_brigade.persistence.repository.model_files import ModelFiles, ModelPaths
from fire_brigade.persistence.repository.pushgateway import Gateway, NoGateway, Pushgateway
from fire_brigade.persistence.repository.recordings import Recordings
from fire_brigade.service.build_features import Band, Bands, FeatureFiles, build_features
from fire_brigade.service.fetching import Fetching
from fire_brigade.service.jobs import Progress
from fire_brigade.service.making_up import MakingUp
from fire_brigade.service.ports import MetricsLog
from fire_brigade.service.steps import BuildFeatures, Fetch, ModelRegistry, Places, ProcessData, Steps

KEY_FILE = ".artifact_key"
MADE_UP_FOLDER = "made_up"
RECORDINGS_FOLDER = "recordings"
EVALUATION_FOLDER = "evaluation"


def make_logs(
    settings: FireBrigadeSettings,
    console: logging.Handler,
    around: Callable[[Gateway], Gateway] = lambda gateway: gateway,
) -> LoggingMetricsManager:
    """The logs. around: what stands between them and the Pushgateway, if metrics are pushed."""
    rules = LogRules(
        settings.log_directory,
        settings.LOG_MODE,
        settings.DEFAULT_LEVEL,
        settings.CONSOLE_LEVEL,
        settings.HISTORY_LEVEL,
    )
    pushes = settings.pushes_metrics
    gateway = around(Pushgateway(settings.PUSHGATEWAY_URL)) if pushes else NoGateway()
    return LoggingMetricsManager(rules, console, gateway)


def make_steps(settings: FireBrigadeSettings, logs: LoggingMetricsManager) -> Steps:
    """The steps, on the files and servers that the settings name; of these only the artifact key is read yet.

    Raises UnusableKeyError, FileNotWrittenError.
    """
    files = ModelFiles(_artifact_key(settings))
    return Steps(
        places=places(settings),
        files=files,
        registry=_registry(settings, files) if settings.USE_MLFLOW else None,
        logs=logs,
        fetch=_fetch(settings),
        make_up=MakingUp(settings.chemin_data / MADE_UP_FOLDER, _sources(settings), settings.years).run,
        build=_build(settings),
    )


def places(settings: FireBrigadeSettings) -> Places:
    """Where the files are."""
    data, models = settings.chemin_data, settings.chemin_model
    return Places(
        raw=(data / settings.fichier_incident, data / settings.fichier_mobilisation),
        features=data / settings.fichier_global,
        model=ModelPaths(models / settings.fichier_model, models / settings.fichier_encoder),
        evaluation=models / EVALUATION_FOLDER,
    )


def _registry(settings: FireBrigadeSettings, files: ModelFiles) -> ModelRegistry:
    # Only now: importing MLflow takes seconds, which those who go without it need not wait.
    from fire_brigade.persistence.repository.mlflow_connection import connect  # noqa: PLC0415
    from fire_brigade.persistence.repository.mlflow_log import MlflowLog  # noqa: PLC0415

    recordings = Recordings(settings.chemin_data / RECORDINGS_FOLDER)
    client = connect(settings.MLFLOW_TRACKING_URI)
    return MlflowLog(client, settings.MLFLOW_EXPERIMENT_NAME, files, recordings)


def _artifact_key(settings: FireBrigadeSettings) -> bytes:
    """The key that is given, or else the data folder's own, made at the first start."""
    if settings.artifact_key is not None:
        return settings.artifact_key.get_secret_value().encode()
    return kept_key(settings.chemin_data / KEY_FILE)


def _sources(settings: FireBrigadeSettings) -> dict[Kind, RecordSource]:
    return {
        "incident": RecordSource(
            "incident",
            settings.url_incident,
            "url_incident",
            settings.chemin_data / settings.fichier_incident,
            settings.incident_expected_columns,
        ),
        "mobilisation": RecordSource(
            "mobilisation",
            settings.url_mobilisation,
            "url_mobilisation",
            settings.chemin_data / settings.fichier_mobilisation,
            settings.mobilisation_expected_columns,
        ),
    }


def _fetch(settings: FireBrigadeSettings) -> Fetch:
    def fetch(attempts: int | None) -> ProcessData:
        limits = DownloadLimits() if attempts is None else DownloadLimits(attempts=attempts)
        return Fetching(_sources(settings), settings.years, limits).run

    return fetch


def _build(settings: FireBrigadeSettings) -> BuildFeatures:
    where = places(settings)
    incidents, mobilisations = where.raw
    files = FeatureFiles(
        incidents=incidents,
        mobilisations=mobilisations,
        stations=settings.chemin_data_ref / settings.fichier_stations,
        features=where.features,
    )
    bands = Bands(
        speed=Band(settings.BandWidth_speed_min, settings.BandWidth_speed_max),
        seconds=Band(
            settings.BandWidth_AttendanceTimeSeconds_min, settings.BandWidth_AttendanceTimeSeconds_max
        ),
    )

    def build(log: MetricsLog, progress: Progress) -> dict[str, int]:
        return build_features(files, bands, log=log, report=progress).by_name()

    return build
