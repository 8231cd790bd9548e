"""The stack on this machine: what belongs to it, bringing it up, taking it down."""

import os
from collections.abc import Mapping, Sequence
from typing import NoReturn

import psutil
from rich.console import Console

from launcher.health import local_session
from launcher.interrupts import Interrupts
from launcher.local.databases import Server
from launcher.local.plan import base_environment, fleet_services, mlflow_service
from launcher.local.processes import Processes, Service
from launcher.local.programs import MIGRATE, check_schema, run_migration, run_program
from launcher.local.supervisor import NAME as SUPERVISOR
from launcher.local.supervisor import supervisor
from launcher.local.watching import answers, service_conditions, wait_until_ready
from launcher.ports import LOOPBACK, check_ports
from launcher.preflight import check_settings
from launcher.purge import Doomed, delete_paths, find_local_data
from launcher.settings import LauncherSettings
from launcher.stack import MLFLOW, NAMES, POSTGRES, Condition, Stack, UnknownLogError, check_known
from launcher.terminal import StartDisplay

UNDO_SECONDS = 1.0  # what has just been started has no request in flight worth waiting for
DATABASES_STAY = (
    "The databases on the server that MLFLEET_POSTGRES_URL names stay, and with them what they need: "
    "MLflow's files (mlartifacts) and the key that signs stored models (secrets)."
)


class LocalStack(Stack):
    """Everything that runs from one state folder."""

    def __init__(
        self,
        settings: LauncherSettings,
        environment: Mapping[str, str],
        console: Console,
        interrupts: Interrupts,
    ) -> None:
        super().__init__(settings, environment, console, interrupts)
        self._server = Server(settings)
        self._processes = Processes(settings.state_dir / "run", settings.state_dir / "logs")
        self._base = base_environment(self._environment)
        self._started: list[str] = []

    def services(self) -> list[Service]:
        """MLflow and our own services as the settings want them now."""
        resources = self._server.resources()
        return [
            mlflow_service(self._settings, resources),
            *fleet_services(self._settings, self._environment, resources, self._accounts),
        ]

    def up(self) -> bool:
        with self._lock():
            self._accounts.make()
            services = self.services()
            if self._is_up(services):
                return False
            try:
                self._bring_up(services)
            except BaseException:
                self._undo()
                raise
            return True

    def addresses(self) -> dict[str, str]:
        return {service.name: service.url for service in self.services() if service.port}

    def conditions(self) -> list[Condition]:
        embedded = self._server.embedded
        found = []
        if embedded is not None:
            state = "ready" if embedded.is_running() else "stopped"
            found.append(Condition(POSTGRES, state, f"{LOOPBACK}:{embedded.running_port() or embedded.port}"))
        if not (self._settings.state_dir / "run").exists():
            return found + [Condition(name, "stopped") for name in NAMES]
        return found + service_conditions(self.services(), self._processes)

    def show_logs(self, service: str | None, lines: int, *, follow: bool) -> NoReturn:
        known = {name: self._processes.log(name) for name in (*NAMES, MIGRATE, SUPERVISOR)}
        if self._server.embedded is not None:
            known[POSTGRES] = self._server.embedded.log
        check_known(service, known)
        files = [str(log) for name, log in known.items() if service in {None, name} and log.exists()]
        if not files:
            raise UnknownLogError("Nothing has been logged yet", "Start the stack with ./launch.sh")
        options = ["-n", str(lines), *(["-F"] if follow else [])]
        os.execvp("tail", ["tail", *options, *files])  # noqa: S606, S607

    def find_data(self) -> list[Doomed]:
        return find_local_data(self._settings.state_dir, databases_stay=self._server.embedded is None)

    def kept_by_purge(self) -> str:
        return "" if self._server.embedded is not None else DATABASES_STAY

    def down(self, doomed: Sequence[Doomed] = ()) -> list[str]:
        with self._lock(), self._interrupts.held():
            stopped = self._stop([*NAMES, POSTGRES])
            delete_paths(each.name for each in doomed)
            return stopped

    def run_beside_mlflow(self, *arguments: str) -> str:
        mlflow, *_ = self.services()
        environment = {**self._base, **mlflow.told, "MLFLOW_TRACKING_URI": mlflow.address}
        return run_program(arguments, environment)

    def psql_line(self) -> str:
        return self._server.psql_line()

    def _is_up(self, services: list[Service]) -> bool:
        embedded = self._server.embedded
        if embedded is not None and not embedded.is_running():
            return False
        if not all(self._is_current(service) for service in [*services, self._supervisor(services)]):
            return False
        with local_session() as session:
            return all(answers(service, session) for service in services)

    def _supervisor(self, services: list[Service]) -> Service:
        return supervisor(self._settings.state_dir, services, self._base)

    def _is_current(self, service: Service) -> bool:
        record = self._processes.record(service.name)
        living = self._processes.find(service.name) is not None
        return living and record is not None and record.fingerprint == service.fingerprint

    def _bring_up(self, services: list[Service]) -> None:
        outdated = [service for service in services if not self._is_current(service)]
        if any(self._processes.find(service.name) for service in outdated):
            ours = [service for service in outdated if service.port and service.name != MLFLOW]
            check_settings({service.name: {**self._base, **service.told} for service in ours})
            check_schema(self._server.resources().dataset_url)
        self._check_ports(services)
        # What runs with other settings, and what is left of a service that died.
        self._processes.stop(service.name for service in outdated)
        with StartDisplay(self._console) as display:
            self._start_server(display)
            resources = self._server.resources()
            resources.artifacts.mkdir(parents=True, exist_ok=True)
            mlflow, *fleet = services
            running = [(mlflow, self._start(mlflow, display))]
            run_migration(self._processes, self._base, resources.dataset_url)
            running += [(service, self._start(service, display)) for service in fleet]
            wait_until_ready(
                running,
                self._processes.log,
                lambda service: display.ready(service.name, service.url),
                self._settings.start_seconds,
            )
        self._supervise(services)

    def _supervise(self, services: list[Service]) -> None:
        wanted = self._supervisor(services)
        if not self._is_current(wanted):
            with self._interrupts.held():
                self._processes.stop([SUPERVISOR], patience=UNDO_SECONDS)
                self._processes.start(wanted, self._base)

    def _check_ports(self, services: list[Service]) -> None:
        wanted = [(each.name, each.port, each.port_setting) for each in services if each.port]
        ours = self._processes.ports()
        embedded = self._server.embedded
        if embedded is not None:
            wanted.append((POSTGRES, embedded.port, "MLFLEET_POSTGRES_PORT"))
            ours |= {embedded.running_port() or 0}
        check_ports(wanted, hosts={service.name: service.host for service in services}, ours=ours)

    def _start_server(self, display: StartDisplay) -> None:
        embedded = self._server.embedded
        display.starting(POSTGRES)
        if embedded is not None:
            with self._interrupts.held():
                if not embedded.is_running():
                    self._started.append(POSTGRES)
                embedded.start()
        self._server.make_databases()
        display.ready(POSTGRES, f"127.0.0.1:{embedded.port}" if embedded else "your own server")

    def _start(self, service: Service, display: StartDisplay) -> psutil.Process:
        display.starting(service.name)
        living = self._processes.find(service.name)
        if living is not None:
            return living
        with self._interrupts.held():
            self._started.append(service.name)
            return self._processes.start(service, self._base)

    def _undo(self) -> None:
        with self._interrupts.held():
            self._stop(self._started, patience=UNDO_SECONDS)
            self._started = []

    def _stop(self, names: list[str], patience: float | None = None) -> list[str]:
        stopped = self._processes.stop((name for name in names if name != POSTGRES), patience)
        if not any(map(self._processes.find, NAMES)):  # nothing is left to supervise
            self._processes.stop([SUPERVISOR], UNDO_SECONDS)
        if POSTGRES in names and self._server.own.is_running():
            self._server.own.stop()  # last: the others finish what they are writing
            stopped.append(POSTGRES)
        return stopped
