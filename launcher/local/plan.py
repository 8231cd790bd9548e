"""What is started, with which command and environment. Nothing is started here."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from launcher.accounts import FIRE_BRIGADE, SIBLINGS, AccountFiles
from launcher.ports import LOOPBACK, address_at
from launcher.settings import LauncherSettings

# All that a child sees of the caller's environment, besides the settings that carry its own prefix.
COMMON_VARIABLES = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "OMP_NUM_THREADS"}
)


@dataclass(frozen=True)
class Service:
    """One process of the stack and how to tell that it is ready.

    told: its own settings, secrets included; never printed. accounts: stands for the content of the files of
    users and keys that it reads. host: what it listens on.
    """

    name: str
    command: tuple[str, ...]
    port: int
    port_setting: str
    ready_path: str
    page: str
    told: Mapping[str, str] = field(repr=False)
    accounts: str = ""
    host: str = LOOPBACK

    @property
    def fingerprint(self) -> str:
        """Changes when a restart is needed for the settings to take effect."""
        described = json.dumps([self.command, sorted(self.told.items()), self.accounts])
        return hashlib.sha256(described.encode()).hexdigest()

    @property
    def address(self) -> str:
        return address_at(self.host, self.port)

    @property
    def ready_url(self) -> str:
        return self.address + self.ready_path

    @property
    def url(self) -> str:
        """What people open or call."""
        return self.address + self.page


@dataclass(frozen=True)
class Resources:
    """What the services share: SQLAlchemy URLs of both databases, MLflow's files, ml_model's signing key."""

    dataset_url: str = field(repr=False)
    mlflow_url: str = field(repr=False)
    artifact_key: str = field(repr=False)
    artifacts: Path


def base_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without anybody's settings, proxies or secrets."""
    common = {name: value for name, value in environment.items() if name in COMMON_VARIABLES}
    return common | {"PYTHONUNBUFFERED": "1", "DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}


def mlflow_service(settings: LauncherSettings, resources: Resources) -> Service:
    """MLflow's server, lean: one worker and no job runners (2.0 GB and 13 processes otherwise)."""
    command = (sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK)
    options = (
        *("--port", str(settings.mlflow_port)),
        *("--workers", "1", "--serve-artifacts", "--artifacts-destination", str(resources.artifacts)),
        # No line for each request: the file of a server that is not ours is not turned while it runs.
        *("--uvicorn-opts", "--log-level warning"),
        *("--allowed-hosts", "localhost,localhost:*,127.0.0.1,127.0.0.1:*"),
    )
    return Service(
        name="mlflow",
        command=command + options,
        port=settings.mlflow_port,
        port_setting="MLFLEET_MLFLOW_PORT",
        ready_path="/health",
        page="/",
        # In the environment, because everybody may read the list of processes and their arguments.
        told={
            "MLFLOW_BACKEND_STORE_URI": resources.mlflow_url,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
    )


def fleet_services(
    settings: LauncherSettings,
    environment: Mapping[str, str],
    resources: Resources,
    accounts: AccountFiles,
) -> list[Service]:
    """Our own services; each knows its siblings' addresses and nothing else of them."""
    base = environment.get("ML_MODEL_BASE_URL") or "/root"  # to a service too, an empty setting is none
    ml_model_path = base + (environment.get("ML_MODEL_SERVICE_URL") or "/ml")
    ml_model_host = environment.get("ML_MODEL_HOST") or LOOPBACK
    ml_model_url = address_at(ml_model_host, settings.ml_model_port) + ml_model_path
    mlflow_url = f"http://{LOOPBACK}:{settings.mlflow_port}"
    fire_brigade = _fire_brigade_settings(
        settings.state_dir / FIRE_BRIGADE, mlflow_url, resources.artifact_key
    )
    features = environment.get("FIRE_BRIGADE_CHEMIN_DATA") or fire_brigade["CHEMIN_DATA"]
    database = {"DATABASE_URL": resources.dataset_url}
    own: dict[str, tuple[int, str, dict[str, str]]] = {
        "simulator": (settings.simulator_port, "/simulator", {**database, "DATA_DIR": features}),
        "ml_model": (settings.ml_model_port, "/ml", {**database, "ARTIFACT_KEY": resources.artifact_key}),
        "tracking": (
            settings.tracking_port,
            "/tracking",
            {**database, "MLFLOW_URL": mlflow_url, "ML_MODEL_URL": ml_model_url},
        ),
        "monitoring": (settings.monitoring_port, "/monitoring", {**database, "ML_MODEL_URL": ml_model_url}),
        FIRE_BRIGADE: (settings.fire_brigade_port, "/docs", fire_brigade),
    }
    digest = accounts.digest()
    services = []
    for name, (port, path, told) in own.items():
        log = settings.state_dir / "logs" / f"{name}.log"  # of which it takes care while it runs
        defaults = {"PORT": str(port), "LOG_FILE": str(log), **told, **_account_settings(name, accounts)}
        services.append(replace(_service(name, port, path, defaults, environment), accounts=digest))
    return services


def _service(
    name: str, port: int, path: str, defaults: Mapping[str, str], environment: Mapping[str, str]
) -> Service:
    """defaults: its settings, without the prefix, as far as the environment has no others."""
    prefix = f"{name.upper()}_"
    given = {key: value for key, value in environment.items() if key.startswith(prefix) and value}
    # A value given as X_FILE is the user's choice as much as one given as X.
    planned = {prefix + key: value for key, value in defaults.items() if f"{prefix}{key}_FILE" not in given}
    base_path, own_path = given.get(f"{prefix}BASE_URL", "/root"), given.get(f"{prefix}SERVICE_URL", path)
    return Service(
        name=name,
        command=(sys.executable, "-m", name),
        port=port,
        port_setting=f"{prefix}PORT",
        ready_path="/health/ready",
        page=path if name == FIRE_BRIGADE else base_path + own_path,
        told=planned | given,
        host=given.get(f"{prefix}HOST", LOOPBACK),
    )


def _fire_brigade_settings(folder: Path, mlflow_url: str, artifact_key: str) -> dict[str, str]:
    """Its files are all below the folder, which the steps on the command line can be told of too."""
    return {
        "CHEMIN_DATA": str(folder / "data"),
        "CHEMIN_DATA_REF": str(folder / "data" / "ref"),
        "CHEMIN_MODEL": str(folder / "models"),
        "LOG_DIRECTORY": str(folder / "logs"),
        "ARTIFACT_KEY": artifact_key,
        "USE_MLFLOW": "true",
        "MLFLOW_TRACKING_URI": mlflow_url,
    }


def _account_settings(name: str, accounts: AccountFiles) -> dict[str, str]:
    files = {"USERS_FILE": accounts.users_file(), "API_KEYS_FILE": accounts.api_keys_file()}
    if name == FIRE_BRIGADE:
        files["FIRST_USERS_FILE"] = accounts.first_users_file()
    if name in SIBLINGS:
        files["SIBLING_KEY_FILE"] = accounts.key_file(name)
    return {setting: str(file) for setting, file in files.items()}
