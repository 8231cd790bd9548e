"""The services of the fleet: a line here, and its folder, are a new one.

Needs no package, so that the launcher knows it before any is installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

BASE = "/root"  # what the paths of services begin with, unless their BASE_URL says otherwise
DATABASE = {"DATABASE_URL": "{database}"}
SIGNING = {"ARTIFACT_KEY": "{artifact_key}"}
CALLING = {"ML_MODEL_URL": "{ml_model}", "SIBLING_KEY_FILE": "{secrets}/{name}_key"}
SEARCHING = {"TRACKING_URL": "{tracking}"}
SIMULATED = {"DATA_DIR": "{features}"}
FIRE_BRIGADE = {
    "CHEMIN_DATA": "{state}/fire_brigade/data",
    "CHEMIN_DATA_REF": "{state}/fire_brigade/data/ref",
    "CHEMIN_MODEL": "{state}/fire_brigade/models",
    "LOG_DIRECTORY": "{state}/fire_brigade/logs",
    "FIRST_USERS_FILE": "{secrets}/fire_brigade_users",
    "USE_MLFLOW": "true",
    "MLFLOW_TRACKING_URI": "{mlflow}",
}
RECORDING = {"MLFLOW_URL": "{mlflow}", "MLFLOW_DATABASE_URL": "{mlflow_database}"}


@dataclass(frozen=True)
class Service:
    """One of our own services.

    name: of its package, its container, and with _ of its variables. port: where it listens.
    path: that its routes start with; nothing if they have none in common.
    page: what people open, if that is not the path.
    works: it has jobs, which a worker does beside it: `python -m <name> worker`.
    told: what it needs as a process of this machine, by setting. In braces stand the things that the launcher
    has: {database}, {mlflow}, {mlflow_database}, {features}, {artifact_key}, two folders, {state} and
    {secrets}, the service's own {name}, and the address of each service by that one's name.
    """

    name: str
    port: int
    path: str = ""
    page: str = ""
    works: bool = False
    told: Mapping[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What the names of its variables begin with."""
        return f"{self.name.upper()}_"

    @property
    def port_setting(self) -> str:
        """The variable that gives it another port."""
        return f"{self.prefix}PORT"

    @property
    def worker(self) -> str:
        """Name of its worker's process and container."""
        return f"{self.name}_worker"

    @property
    def calls_siblings(self) -> bool:
        """Whether it shows other services a key of its own."""
        return "SIBLING_KEY_FILE" in self.told

    def path_in(self, environment: Mapping[str, str]) -> str:
        """The path, as these variables have it. An empty one counts as absent."""
        base = environment.get(f"{self.prefix}BASE_URL") or (BASE if self.path else "")
        return base + (environment.get(f"{self.prefix}SERVICE_URL") or self.path.removeprefix(BASE))

    def page_in(self, environment: Mapping[str, str]) -> str:
        """Path of what people open, as these variables have it."""
        return self.page or self.path_in(environment)


SERVICES = (
    Service("simulator", 5004, "/root/simulator", works=True, told={**DATABASE, **CALLING, **SIMULATED}),
    Service("ml_model", 5001, "/root/ml", told={**DATABASE, **SIGNING}),
    Service("tracking", 5002, "/root/tracking", works=True, told={**DATABASE, **CALLING, **RECORDING}),
    Service("monitoring", 5003, "/root/monitoring", works=True, told={**DATABASE, **CALLING, **SEARCHING}),
    Service("fire_brigade", 8000, page="/docs", works=True, told={**DATABASE, **SIGNING, **FIRE_BRIGADE}),
)
