"""The stack on this machine: what belongs to it, bringing it up, taking it down."""

import fcntl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psutil
from rich.console import Console

from fleet.errors import FleetError
from launcher.databases import Server
from launcher.display import StartDisplay
from launcher.interrupts import Interrupts
from launcher.plan import Resources, Service, base_environment, fleet_services, mlflow_service
from launcher.ports import check_ports
from launcher.processes import Processes
from launcher.readiness import is_ready, last_lines, local_session, wait_until_ready
from launcher.settings import PROJECT, LauncherSettings, make_state_folder

POSTGRES = "postgres"
UNDO_SECONDS = 1.0  # what has just been started has no request in flight worth waiting for
SERVICES = ("mlflow", "simulator", "ml_model", "tracking", "monitoring")


class MigrationError(FleetError):
    """The dataset database could not be brought to the newest schema; the message ends with the log."""


class Stack:
    """Everything that runs from one state folder."""

    def __init__(
        self,
        settings: LauncherSettings,
        environment: Mapping[str, str],
        console: Console,
        interrupts: Interrupts,
    ) -> None:
        self.settings = settings
        self.server = Server(settings)
        self.processes = Processes(settings.state_dir / "run", settings.state_dir / "logs")
        self._environment = environment
        self._base = base_environment(environment)
        self._console = console
        self._interrupts = interrupts
        self._started: list[str] = []

    def services(self) -> list[Service]:
        """MLflow and the four services as the settings want them now."""
        resources = self.server.resources()
        return [
            mlflow_service(self.settings, resources),
            *fleet_services(self.settings, self._environment, resources),
        ]

    def up(self) -> bool:
        """Starts whatever is not up. Returns False when all was up already.

        Stops again what it started when anything fails or somebody interrupts.
        """
        with self._locked():
            services = self.services()
            if self._is_up(services):
                return False
            try:
                self._bring_up(services)
            except BaseException:
                self._undo()
                raise
            return True

    def undo(self) -> None:
        """Stops what this object's `up` started."""
        with self._locked():
            self._undo()

    def down(self, then: Callable[[], None] | None = None) -> list[str]:
        """Stops all that was started from this state folder; the names of what ran.

        then: done while everything is down and nobody else can start it.
        """
        with self._locked(), self._interrupts.held():
            stopped = self._stop([*SERVICES, POSTGRES])
            if then is not None:
                then()
            return stopped

    def _is_up(self, services: list[Service]) -> bool:
        embedded = self.server.embedded
        if embedded is not None and not embedded.is_running():
            return False
        if not all(self._is_current(service) for service in services):
            return False
        with local_session() as session:
            return all(is_ready(service, session) for service in services)

    def _is_current(self, service: Service) -> bool:
        record = self.processes.record(service.name)
        living = self.processes.find(service.name) is not None
        return living and record is not None and record.fingerprint == service.fingerprint

    def _bring_up(self, services: list[Service]) -> None:
        # What runs with other settings, and what is left of a service that died.
        self.processes.stop(service.name for service in services if not self._is_current(service))
        self._check_ports(services)
        with StartDisplay(self._console) as display:
            self._start_server(display)
            resources = self.server.resources()
            resources.artifacts.mkdir(parents=True, exist_ok=True)
            mlflow, *fleet = services
            running = [(mlflow, self._start(mlflow, display))]
            self._migrate(resources)
            running += [(service, self._start(service, display)) for service in fleet]
            wait_until_ready(
                running,
                self.processes.log,
                lambda service: display.ready(service.name, service.url),
                self.settings.start_seconds,
            )

    def _check_ports(self, services: list[Service]) -> None:
        wanted = [
            (service.name, service.port, service.port_setting)
            for service in services
            if self.processes.find(service.name) is None
        ]
        embedded = self.server.embedded
        if embedded is not None and embedded.running_port() != embedded.port:
            wanted.append((POSTGRES, embedded.port, "MLFLEET_POSTGRES_PORT"))
        check_ports(wanted)

    def _start_server(self, display: StartDisplay) -> None:
        embedded = self.server.embedded
        display.starting(POSTGRES)
        if embedded is not None:
            with self._interrupts.held():
                if not embedded.is_running():
                    self._started.append(POSTGRES)
                embedded.start()
        self.server.make_databases()
        display.ready(POSTGRES, f"127.0.0.1:{embedded.port}" if embedded else "your own server")

    def _start(self, service: Service, display: StartDisplay) -> psutil.Process:
        display.starting(service.name)
        living = self.processes.find(service.name)
        if living is not None:
            return living
        with self._interrupts.held():
            self._started.append(service.name)
            return self.processes.start(service, self._base)

    def _migrate(self, resources: Resources) -> None:
        log = self.processes.log("migrate")
        with self.processes.open_log("migrate") as output:
            done = subprocess.run(
                [sys.executable, "-m", "db.migrate"],
                cwd=PROJECT,
                env={**self._base, "DATABASE_URL": resources.dataset_url},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                check=False,
            )
        if done.returncode != 0:
            raise MigrationError(
                "The dataset database could not be brought to the newest schema",
                f"The end of the log, {log}:\n{last_lines(log)}",
            )

    def _undo(self) -> None:
        with self._interrupts.held():
            self._stop(self._started, patience=UNDO_SECONDS)
            self._started = []

    def _stop(self, names: list[str], patience: float | None = None) -> list[str]:
        stopped = self.processes.stop((name for name in names if name != POSTGRES), patience)
        if POSTGRES in names and self.server.own.is_running():
            self.server.own.stop()  # last: the others finish what they are writing
            stopped.append(POSTGRES)
        return stopped

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One command at a time changes what runs; the lock goes with its holder, however that ends."""
        make_state_folder(self.settings.state_dir)
        with (self.settings.state_dir / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._console.print("Another ./launch.sh is starting or stopping the stack: waiting for it.")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
