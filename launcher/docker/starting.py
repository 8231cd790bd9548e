"""Starts the containers and waits until all are ready, or one fails."""

import time
from collections.abc import Collection, Mapping
from pathlib import Path

from rich.console import Console

from fleet.errors import FleetError
from launcher.display import StartDisplay
from launcher.docker.background import last_line, running
from launcher.docker.causes import cause
from launcher.docker.containers import UNSEEN, Container
from launcher.docker.project import Project
from launcher.stack import POSTGRES

POLL_SECONDS = 0.5
NAMES = {"db": POSTGRES}  # where people's name is not docker-compose.yml's


class ContainerFailedError(FleetError):
    """A container failed while starting, or was not ready in time; the message names its log."""


class Starting:
    """One start of the project's containers.

    before: the containers of the moment before. addresses: what is shown of those that are ready, by people's
    names.
    """

    def __init__(self, project: Project, logs: Path, before: Mapping[str, Container]) -> None:
        self._project = project
        self._logs = logs
        self._before = before

    def run(self, console: Console, addresses: Mapping[str, str], seconds: float) -> bool:
        """Whether anything had to be started. Raises ContainerFailedError, also after `seconds`."""
        services = set(self._project.config()["services"])
        command = self._project.compose("up", "--detach", "--no-build")
        log = self._logs / "up.log"
        deadline = time.monotonic() + seconds
        with (
            log.open("w", encoding="utf-8") as output,
            running(command, self._project.environment, output) as process,
            StartDisplay(console) as display,
        ):
            shown: set[str] = set()
            while True:
                status = process.poll()
                now = list(self._project.containers().values())
                ready = {each.service for each in now if each.is_ready}
                self._show(now, shown, addresses, display)
                self._check(now, status, log)
                if status == 0 and services <= ready:
                    return bool(shown)
                if time.monotonic() > deadline:
                    raise self._late(services - ready, now, seconds)
                time.sleep(POLL_SECONDS)

    def _is_new(self, container: Container) -> bool:
        return container.was_started and container.is_new_since(self._before)

    def _show(
        self, now: list[Container], shown: set[str], addresses: Mapping[str, str], display: StartDisplay
    ) -> None:
        for container in now:
            name = NAMES.get(container.service, container.service)
            if container.service in UNSEEN or not self._is_new(container) or f"{name} ready" in shown:
                continue
            if name not in shown:
                shown.add(name)
                display.starting(name)
            if container.is_ready:
                shown.add(f"{name} ready")
                display.ready(name, addresses.get(name, "in its network only"))

    def _check(self, now: list[Container], status: int | None, log: Path) -> None:
        for container in now:
            if self._is_new(container) and container.has_failed:
                raise self._failed(container)
        if status not in {None, 0}:
            raise ContainerFailedError(
                f"Docker could not start the containers: {last_line(log)}", f"See {log}"
            )

    def _failed(self, container: Container) -> ContainerFailedError:
        name = NAMES.get(container.service, container.service)
        log = self._keep_log(container)
        if container.killed_for_memory:
            setting = f"{container.service.upper()}_MEMORY"
            return ContainerFailedError(
                f"{name} was killed: it needs more memory than it may have",
                f"Raise {setting}. Its log: {log}",
            )
        what = "ended while it was starting" if container.has_ended else "does not answer"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return ContainerFailedError(f"{name} {what}: {cause(lines)}", f"Its whole log: {log}")

    def _late(self, waiting: Collection[str], now: list[Container], seconds: float) -> ContainerFailedError:
        late = sorted(
            (each for each in now if each.service in waiting), key=lambda each: not each.was_started
        )
        if not late:
            return ContainerFailedError(
                f"The containers were not there within {seconds:.0f} s",
                "See the output of docker compose in "
                f"{self._logs / 'up.log'}, or raise MLFLEET_START_SECONDS",
            )
        name = NAMES.get(late[0].service, late[0].service)
        log = self._keep_log(late[0])
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return ContainerFailedError(
            f"{name} was not ready within {seconds:.0f} s: {cause(lines)}", f"Its whole log: {log}"
        )

    def _keep_log(self, container: Container) -> Path:
        """The container goes when the start is undone, so its log is kept as a file."""
        log = self._logs / f"{NAMES.get(container.service, container.service)}.log"
        self._project.write_log(container, log)
        return log
