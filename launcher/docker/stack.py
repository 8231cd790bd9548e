"""The stack in containers: bringing it up, looking at it, taking it down."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import NoReturn

from fleet.services import SERVICES
from launcher.docker.addresses import check_published_ports, published_addresses
from launcher.docker.containers import UNSEEN, Container
from launcher.docker.engine import engine_problem
from launcher.docker.project import Project
from launcher.docker.secret_files import check_ownership, make_secret_files
from launcher.docker.starting import Starting, prepare_images
from launcher.preflight import check_settings
from launcher.purge import Doomed, delete_paths, find_containers_files
from launcher.settings import LauncherSettings
from launcher.stack import NAMES, OURS, PARTS, POSTGRES, Condition, Stack, UnknownLogError, check_known

UNDO_SECONDS = "1"  # what has just been started has no request in flight worth waiting for
STOP_SECONDS = "30"
ACCOUNT_READERS = {*OURS, "prometheus"}
VOLUMES = {
    "db": "volume: both databases",
    "mlflow": "volume: MLflow's models and files",
    "fire_brigade": "volume: the fire brigade's models and logs",
    "fire_brigade_data": "volume: the fire brigade's records and features",
}
IN_CONTAINER = "/run/secrets/"


class ComposeStack(Stack):
    """The containers of one Compose project, with passwords and logs in the state folder."""

    _before: Mapping[str, Container] | None = None
    _volumes_before: Sequence[str] = ()

    def up(self) -> bool:
        state = self._settings.state_dir
        with self._lock():
            before, volumes = self._project.containers(), self._project.volumes()
            check_published_ports(self._settings, before.values())
            make_secret_files(state / "secrets", volumes)
            self._accounts.make()
            if any(each.runs for each in before.values()):
                check_settings(self._environments())
            prepare_images(self._project, state / "logs" / "build.log", self._console)
            self._before, self._volumes_before = before, volumes
            try:
                self._stop_outdated(before)
                starting = Starting(self._project, state / "logs", before)
                return starting.run(self._console, self._shown(), self._settings.start_seconds)
            except BaseException:
                self._undo()
                raise

    def addresses(self) -> dict[str, str]:
        return published_addresses(self._project.config(), self._environment)

    def conditions(self) -> list[Condition]:
        addresses = self._shown()
        containers = {each.name: each for each in self._project.containers().values()}
        names = [*PARTS, *sorted(containers.keys() - UNSEEN - set(PARTS))]  # what profiles add comes last
        running = {name: each for name, each in containers.items() if name in names and each.runs}
        memory = self._project.memory([each.id for each in running.values()])
        now, found = datetime.now(UTC), []
        for name in names:
            state = containers[name].state if name in containers else "stopped"
            vitals = (
                (each.pid, memory.get(each.id, ""), each.minutes(now)) if (each := running.get(name)) else ()
            )
            found.append(Condition(name, state, addresses.get(name, ""), *vitals))
        return found

    def show_logs(self, service: str | None, lines: int, *, follow: bool) -> NoReturn:
        known = {name: name for name in self._project.config()["services"]} | {POSTGRES: "db"}
        if service != "db":
            check_known(service, [name for name in known if name != "db"])
        if not self._project.containers():
            logs = self._settings.state_dir / "logs"
            raise UnknownLogError(
                "There are no containers, and their logs go with them",
                f"Start the stack with ./launch.sh; what a failed start left is in {logs}",
            )
        options = ["--tail", str(lines), *(["--follow"] if follow else [])]
        self._project.become(self._project.compose("logs", *options, *([known[service]] if service else [])))

    def find_data(self) -> list[Doomed]:
        self._project.containers()  # another folder's are none of our business
        check_ownership(self._settings.state_dir / "secrets", self._project.volumes())
        names = self._project.volumes()
        sizes = self._project.volume_sizes() if names else {}
        prefix = f"{self._project.name}_"
        volumes = [
            Doomed(name, VOLUMES.get(name.removeprefix(prefix), "volume"), sizes.get(name, ""))
            for name in names
        ]
        return [*volumes, *find_containers_files(self._settings.state_dir)]

    def kept_by_purge(self) -> str:
        return "The images stay; docker image rm removes them."

    def down(self, doomed: Sequence[Doomed] = ()) -> list[str]:
        with self._lock(), self._interrupts.held():
            found = {each.name for each in self._project.containers().values() if each.runs}
            self._remove(STOP_SECONDS, volumes=bool(doomed))
            delete_paths(each.name for each in doomed if each.name.startswith("/"))
            return sorted(found - UNSEEN - {*PARTS}) + [each for each in (*NAMES, POSTGRES) if each in found]

    def run_beside_mlflow(self, *arguments: str) -> str:
        return self._project.run(self._project.compose("exec", "-T", "mlflow", "python", *arguments))

    def psql_line(self) -> str:
        named = "" if self._project.name_is_default() else f" -p {self._project.name}"
        return f"docker compose{named} exec db psql -U postgres dataset"

    @cached_property
    def _project(self) -> Project:
        return Project(self._settings)

    def _shown(self) -> dict[str, str]:
        """Where each part is, for people."""
        return {POSTGRES: "in its network only", **self.addresses()}

    def _environments(self) -> dict[str, dict[str, str]]:
        """What each of our own services will see, with the secrets where they are on this machine."""
        secrets = f"{self._settings.state_dir / 'secrets'}/"
        parts = self._project.config()["services"]
        return {
            service.name: {
                variable: str(value).replace(IN_CONTAINER, secrets, 1)
                for variable, value in parts[service.name]["environment"].items()
                if value is not None
            }
            for service in SERVICES
        }

    def _stop_outdated(self, before: Mapping[str, Container]) -> None:
        """Stops who has read users and keys before these changed; they are started with the rest."""
        changed = self._accounts.changed_at()
        outdated = [
            each.id
            for each in before.values()
            if each.name in ACCOUNT_READERS and each.runs and each.was_started_before(changed)
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
            if any(each.runs for each in before.values()):
                new = [id_ for id_, each in now.items() if each.is_new_since(before)]
                self._project.stop(new, UNDO_SECONDS)
            else:
                # A server that was stopped while it made its files would not make the rest the next time.
                unfinished = not self._volumes_before and not _database_was_ready(now)
                self._remove(UNDO_SECONDS, volumes=unfinished)
            self._before = None

    def _remove(self, seconds: str, *, volumes: bool) -> None:
        options = ["--timeout", seconds, "--remove-orphans", *(["--volumes"] if volumes else [])]
        self._project.run(self._project.compose("--profile", "*", "down", *options))


def _database_was_ready(now: Mapping[str, Container]) -> bool:
    """The others are started only after it."""
    return any(each.is_ready if each.name == POSTGRES else each.was_started for each in now.values())


def runs_in_docker(settings: LauncherSettings) -> bool:
    """Whether any of the project's containers runs; none does where no engine answers."""
    return engine_problem() is None and any(each.runs for each in Project(settings).containers().values())
