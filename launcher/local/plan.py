"""What is started, with which command and environment. Nothing is started here."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from fleet.services import SERVICES
from fleet.services import Service as Listed
from launcher.accounts import API_KEYS, USERS, AccountFiles
from launcher.local.processes import Service
from launcher.ports import LOOPBACK, address_at
from launcher.settings import LauncherSettings

# All that a child sees of the caller's environment, besides the settings that carry its own prefix.
COMMON_VARIABLES = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "OMP_NUM_THREADS"}
)


WORKING = tuple(each for each in SERVICES if each.works)


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
    """Our own services, which know their siblings' addresses and nothing else of them, and their workers."""
    things = _things(settings, environment, resources, accounts)
    digest = accounts.digest()

    def planned(each: Listed, name: str, *arguments: str) -> Service:
        own = {setting: template.format(name=each.name, **things) for setting, template in each.told.items()}
        defaults = {
            "PORT": settings.port(each),
            "LOG_FILE": settings.state_dir / "logs" / f"{name}.log",  # of which it takes care while it runs
            "USERS_FILE": accounts.file(USERS),
            "API_KEYS_FILE": accounts.file(API_KEYS),
            **own,
        }
        command = (sys.executable, "-m", each.name, *arguments)
        return Service(name, command, _told(each, defaults, environment), digest)

    services = [
        replace(
            planned(each, each.name),
            host=_host(each, environment),
            port=settings.port(each),
            port_setting=each.port_setting,
            ready_path="/health/ready",
            page=each.page_in(environment),
        )
        for each in SERVICES
    ]
    return [*services, *(planned(each, each.worker, "worker") for each in WORKING)]


def _things(
    settings: LauncherSettings,
    environment: Mapping[str, str],
    resources: Resources,
    accounts: AccountFiles,
) -> dict[str, object]:
    """By the names that fleet.services has for them."""
    state = settings.state_dir
    return {
        **{each.name: _address(each, settings, environment) for each in SERVICES},
        "database": resources.dataset_url,
        "mlflow_database": resources.mlflow_url,
        "mlflow": f"http://{LOOPBACK}:{settings.mlflow_port}",
        "artifact_key": resources.artifact_key,
        "state": state,
        "secrets": accounts.folder,
        # Where the fire brigade puts them, and the simulator finds them.
        "features": environment.get("FIRE_BRIGADE_CHEMIN_DATA") or state / "fire_brigade" / "data",
    }


def _told(listed: Listed, defaults: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, str]:
    """defaults: its settings, without the prefix, as far as the environment has no others."""
    given = {key: value for key, value in environment.items() if key.startswith(listed.prefix) and value}
    # A value given as X_FILE is the user's choice as much as one given as X.
    planned = {listed.prefix + key: str(value) for key, value in defaults.items()}
    if f"{listed.prefix}MLFLOW_URL" in given:  # the database is of the MLflow that we start
        planned.pop(f"{listed.prefix}MLFLOW_DATABASE_URL", None)
    return {key: value for key, value in planned.items() if f"{key}_FILE" not in given} | given


def _address(listed: Listed, settings: LauncherSettings, environment: Mapping[str, str]) -> str:
    return address_at(_host(listed, environment), settings.port(listed)) + listed.path_in(environment)


def _host(listed: Listed, environment: Mapping[str, str]) -> str:
    return environment.get(f"{listed.prefix}HOST") or LOOPBACK
