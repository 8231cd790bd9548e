"""Builds and fetches the images, starts the containers, and waits until all are ready or one fails."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console

from fleet.errors import FleetError
from launcher.background import running
from launcher.docker.containers import UNSEEN, Container
from launcher.docker.project import Project
from launcher.log_ends import last_line, last_lines, last_words
from launcher.stack import OURS
from launcher.terminal import StartDisplay, print_lines

POLL_SECONDS = 0.5
SAYING = {*OURS, *UNSEEN}  # end with what is wrong, and what to do


class ImageError(FleetError):
    """An image could not be built or fetched; the message ends with what Docker said."""


class ContainerFailedError(FleetError):
    """A container failed while starting, or was not ready in time; the message names its log."""


def prepare_images(project: Project, log: Path, console: Console) -> None:
    """Fetches what is missing and builds our own, from the cache where nothing changed. Raises ImageError.

    log: all that Docker says meanwhile, written anew each time.
    """
    services = project.config()["services"].values()
    built = {str(each["image"]) for each in services if each.get("build")}
    fetched = sorted({str(each["image"]) for each in services} - built)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        with StartDisplay(console, "fetched in") as display:
            for image in filter(project.lacks_image, fetched):
                display.starting(image)
                failure = f"The image {image} could not be fetched"
                _run(project, ["docker", "pull", image], output, failure)
                display.ready(image)
        print_lines(console, [f"Building the images (minutes the first time; log: {log})"])
        with StartDisplay(console, "built in") as display:
            display.starting("images")
            build = project.compose("--progress", "plain", "build")
            _run(project, build, output, "The images could not be built")
            display.ready("images")


def _run(project: Project, command: Sequence[str], output: IO[str], failure: str) -> None:
    with running(command, output, project.environment) as process:
        if process.wait() == 0:
            return
    log = Path(output.name)
    raise ImageError(f"{failure}: {last_line(log)}", last_lines(log))


class Starting:
    """One start of the project's containers. before: those of the moment before."""

    def __init__(self, project: Project, logs: Path, before: Mapping[str, Container]) -> None:
        self._project = project
        self._logs = logs
        self._before = before
        self._recovers = False

    def run(self, console: Console, addresses: Mapping[str, str], seconds: float) -> bool:
        """Whether anything had to be started. Raises ContainerFailedError, also after `seconds`.

        addresses: what is shown of those that are ready.
        """
        log = self._logs / "up.log"
        deadline, shown = time.monotonic() + seconds, False

        def look() -> None:
            nonlocal shown
            shown |= self._show(display, addresses)
            if time.monotonic() > deadline:
                raise self._late(seconds)

        with log.open("w", encoding="utf-8") as output, StartDisplay(console) as display:
            while self._compose(output, look) != 0:
                if not self._recovers:
                    raise ContainerFailedError(
                        f"Docker could not start the containers: {last_line(log)}", f"See {log}"
                    )
                time.sleep(POLL_SECONDS)
        return shown

    def _compose(self, output: IO[str], look: Callable[[], None]) -> int:
        """Its exit status. Compose gives up at a container that has run all along and lacks what is only
        being started: `_recovers` tells of one."""
        self._recovers = False
        command = self._project.compose("up", "--detach", "--no-build", "--wait")
        with running(command, output, self._project.environment) as process:
            while True:
                status = process.poll()
                look()
                if status is not None:
                    return status
                time.sleep(POLL_SECONDS)

    def _show(self, display: StartDisplay, addresses: Mapping[str, str]) -> bool:
        """Whether there is anything new. Raises ContainerFailedError of one that has failed."""
        containers = self._project.containers().values()
        found = [each for each in containers if self._is_new(each)]
        self._recovers |= any(each.health == "unhealthy" for each in containers if each not in found)
        for each in found:
            if each.has_failed:
                raise self._failed(
                    each, "ended while it was starting" if each.has_ended else "does not answer"
                )
        seen = [each for each in found if each.service not in UNSEEN]
        for each in seen:
            display.starting(each.name)
            if each.is_ready:
                display.ready(each.name, addresses.get(each.name, ""))
        return bool(seen)

    def _is_new(self, container: Container) -> bool:
        return container.was_started and container.is_new_since(self._before)

    def _failed(self, container: Container, what: str) -> ContainerFailedError:
        log = self._logs / f"{container.name}.log"
        self._project.write_log(container, log)  # the container goes when the start is undone
        if container.killed_for_memory:
            return ContainerFailedError(
                f"{container.name} was killed: it needs more memory than it may have",
                f"Raise {container.service.upper()}_MEMORY. Its log: {log}",
            )
        if container.service not in SAYING:
            return ContainerFailedError(f"{container.name} {what}", last_lines(log))
        reason = "" if container.has_ended else complaint(container.said)
        return ContainerFailedError(
            f"{container.name} {what}: {reason or last_words(log)}", f"Its whole log: {log}"
        )

    def _late(self, seconds: float) -> ContainerFailedError:
        # What has been started comes first: the others wait for it.
        late = [each for each in self._project.containers().values() if not each.is_ready]
        for each in sorted(late, key=lambda each: not each.was_started):
            return self._failed(each, f"was not ready within {seconds:.0f} s")
        return ContainerFailedError(
            f"The containers were not there within {seconds:.0f} s",
            f"See the output of docker compose in {self._logs / 'up.log'}, or raise MLFLEET_START_SECONDS",
        )


def complaint(said: str) -> str:
    """What is wrong, and what to do, from what /health/ready said; nothing if it did not answer."""
    try:
        body = json.loads(said.partition(" ")[2])  # after the status
        return f"{body['error']}. {body['message']}"
    except (ValueError, LookupError, TypeError):
        return ""
