"""The stack in containers: bringing it up, looking at it, taking it down."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from rich.console import Console

from fleet.services import SERVICES
from launcher.accounts import AccountFiles
from launcher.docker.addresses import all_addresses, check_published_ports, service_addresses
from launcher.docker.conditions import PARTS, container_conditions
from launcher.docker.containers import UNSEEN, Container
from launcher.docker.data import find_files, find_volumes
from launcher.docker.engine import engine_problem
from launcher.docker.images import Images
from launcher.docker.project import Project
from launcher.docker.secret_files import check_ownership, make_secret_files
from launcher.docker.starting import NAMES, Starting
from launcher.interrupts import Interrupts
from launcher.locking import locked
from launcher.preflight import check_settings
from launcher.purge import Doomed, delete_paths
from launcher.settings import LauncherSettings
from launcher.stack import POSTGRES, Condition, UnknownLogError

UNDO_SECONDS = "1"  # what has just been started has no request in flight worth waiting for
STOP_SECONDS = "30"
ACCOUNT_READERS = {*(service.name for service in SERVICES), "prometheus"}
IN_CONTAINER = "/run/secrets/"
IMAGES_STAY = "The images stay; docker image rm removes them."


class ComposeStack:
    """The containers of one Compose project, with passwords and logs in the state folder."""

    def __init__(
        self,
        settings: LauncherSettings,
        environment: Mapping[str, str],
        console: Console,
        interrupts: Interrupts,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._console = console
        self._interrupts = interrupts
        self._project = Project(settings)
        self._accounts = AccountFiles(settings.state_dir / "secrets")
        self._before: dict[str, Container] | None = None
        self._volumes_before: list[str] = []

    def up(self) -> bool:
        """Builds what changed and starts whatever is not up. Returns False when all was up already.

        Stops again what it started when anything fails or somebody interrupts.
        """
        with locked(self._settings.state_dir, self._console):
            before = self._project.containers()
            volumes = self._project.volumes()
            check_published_ports(self._settings, before.values())
            make_secret_files(self._settings.state_dir / "secrets", volumes)
            self._accounts.make()
            if any(each.runs for each in before.values()):
                check_settings(self._environments())
            logs = self._settings.state_dir / "logs"
            Images(self._project, logs / "build.log", self._console).prepare()
            self._before, self._volumes_before = before, volumes
            try:
                self._stop_outdated(before)
                starting = Starting(self._project, logs, before)
                return starting.run(self._console, self.addresses(), self._settings.start_seconds)
            except BaseException:
                self._undo()
                raise

    def undo(self) -> None:
        """Stops what this object's `up` started."""
        with locked(self._settings.state_dir, self._console):
            self._undo()

    def addresses(self) -> dict[str, str]:
        """What people open or call."""
        own = service_addresses(self._settings, self._environment)
        return own | {
            name: url for name, url in all_addresses(self._project.config()).items() if name not in own
        }

    def conditions(self) -> list[Condition]:
        """How every part is at this moment. Changes nothing."""
        addresses = {POSTGRES: "in its network only", **self.addresses()}
        return container_conditions(self._project, addresses)

    def show_logs(self, service: str | None, lines: int, *, follow: bool) -> NoReturn:
        """Becomes `docker compose logs`."""
        known = {name: name for name in self._project.config()["services"]} | {POSTGRES: "db"}
        if service is not None and service not in known:
            raise UnknownLogError(
                f"There is no service {service}",
                f"The services are {', '.join(name for name in known if name != 'db')}",
            )
        if not self._project.containers():
            logs = self._settings.state_dir / "logs"
            raise UnknownLogError(
                "There are no containers, and their logs go with them",
                f"Start the stack with ./launch.sh; what a failed start left is in {logs}",
            )
        options = ["--tail", str(lines), *(["--follow"] if follow else [])]
        self._project.become(self._project.compose("logs", *options, *([known[service]] if service else [])))

    def find_data(self) -> list[Doomed]:
        """The project's volumes, and its files below the state folder."""
        self._project.containers()  # another folder's are none of our business
        check_ownership(self._settings.state_dir / "secrets", self._project.volumes())
        return [*find_volumes(self._project), *find_files(self._settings.state_dir)]

    def kept_by_purge(self) -> str:
        """What a purge leaves."""
        return IMAGES_STAY

    def down(self, doomed: Sequence[Doomed] = ()) -> list[str]:
        """Removes the project's containers and networks, with `doomed` its volumes and these files too."""
        with locked(self._settings.state_dir, self._console), self._interrupts.held():
            running = [each for each in self._project.containers().values() if each.runs]
            self._remove(STOP_SECONDS, volumes=bool(doomed))
            delete_paths(each.name for each in doomed if each.name.startswith("/"))
            found = {NAMES.get(each.service, each.service) for each in running}
            return sorted(found - UNSEEN - set(PARTS)) + [
                name for name in (*PARTS[1:], POSTGRES) if name in found
            ]

    def run_beside_mlflow(self, *arguments: str) -> str:
        """What `python` prints with these arguments in MLflow's container. Raises DockerCommandError."""
        return self._project.run(self._project.compose("exec", "-T", "mlflow", "python", *arguments))

    def psql_line(self) -> str:
        """A shell line that opens the dataset database."""
        named = "" if self._project.name_is_default() else f" -p {self._project.name}"
        return f"docker compose{named} exec db psql -U postgres dataset"

    def _environments(self) -> dict[str, dict[str, str]]:
        """What each of our own services will see, with the secrets where they are on this machine."""
        secrets = f"{self._settings.state_dir / 'secrets'}/"
        parts = self._project.config()["services"]
        return {
            name: {
                variable: str(value).replace(IN_CONTAINER, secrets, 1)
                for variable, value in parts[name]["environment"].items()
                if value is not None
            }
            for name in (service.name for service in SERVICES)
        }

    def _stop_outdated(self, before: Mapping[str, Container]) -> None:
        """Stops who has read users and keys before these changed; they are started with the rest."""
        changed = self._accounts.changed_at()
        outdated = [
            each.id
            for each in before.values()
            if each.service in ACCOUNT_READERS and each.runs and each.was_started_before(changed)
        ]
        if outdated:
            self._console.print("Users or API keys have changed: the services are started again.")
            self._project.stop(outdated, STOP_SECONDS)

    def _undo(self) -> None:
        before = self._before
        if before is None:
            return
        with self._interrupts.held():
            now = self._project.containers()
            if not any(each.runs for each in before.values()):
                # A server that was stopped while it made its files would not make the rest the next time.
                unfinished = not self._volumes_before and not _database_was_ready(now)
                self._remove(UNDO_SECONDS, volumes=unfinished)
            else:
                self._project.stop(
                    [id_ for id_, each in now.items() if each.is_new_since(before)], UNDO_SECONDS
                )
            self._before = None

    def _remove(self, seconds: str, *, volumes: bool) -> None:
        options = ["--timeout", seconds, "--remove-orphans", *(["--volumes"] if volumes else [])]
        self._project.run(self._project.compose("--profile", "*", "down", *options))


def _database_was_ready(now: Mapping[str, Container]) -> bool:
    """The others are started only after it."""
    return any(each.is_ready if each.service == "db" else each.was_started for each in now.values())


def runs_in_docker(settings: LauncherSettings) -> bool:
    """Whether any of the project's containers runs; none does where no engine answers."""
    return engine_problem() is None and any(each.runs for each in Project(settings).containers().values())
