"""Builds and fetches the images, telling how far that is."""

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from fleet.errors import FleetError
from launcher.display import StartDisplay
from launcher.docker.background import last_line, running
from launcher.docker.project import Project

# BuildKit's line when an image is complete: "#25 naming to somewhere.example/mlfleet/tracking:latest done".
NAMED = re.compile(r"^#\d+ naming to (?:[^/\s]+\.[^/\s]+/)?(?P<image>\S+)(?: \S+)? done$")
TAIL_LINES = 15


class ImageError(FleetError):
    """An image could not be built or fetched; the message ends with what Docker said."""


class Images:
    """The images of a project. log: all that Docker says while they are made, written anew each time."""

    def __init__(self, project: Project, log: Path, console: Console) -> None:
        self._project = project
        self._log = log
        self._console = console

    def prepare(self) -> None:
        """Fetches what is missing and builds our own, from the cache where nothing changed.

        Raises ImageError.
        """
        services = self._project.config()["services"]
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._log.write_text("", encoding="utf-8")
        for image in sorted({str(each["image"]) for each in services.values() if "build" not in each}):
            if not self._project.has_image(image):
                self._fetch(image)
        self._build(images_by_service(services))

    def _fetch(self, image: str) -> None:
        with StartDisplay(self._console, "fetched in") as display:
            display.starting(image)
            failure = f"The image {image} could not be fetched"
            self._run(["docker", "pull", image], failure, lambda line: None)
            display.ready(image)

    def _build(self, waiting: dict[str, str]) -> None:
        self._console.print(
            f"Building the images (minutes the first time; log: {self._log})", soft_wrap=True, highlight=False
        )
        with StartDisplay(self._console, "built in") as display:
            for name in waiting.values():
                display.starting(name)

            def follow(line: str) -> None:
                name = waiting.pop(finished_image(line) or "", None)
                if name is not None:
                    display.ready(name)

            command = self._project.compose("--progress", "plain", "build")
            self._run(command, "The images could not be built", follow)
            for name in waiting.values():
                display.ready(name)

    def _run(self, command: list[str], failure: str, follow: Callable[[str], None]) -> None:
        with (
            self._log.open("a", encoding="utf-8") as output,
            running(command, self._project.environment, subprocess.PIPE) as process,
        ):
            for line in process.stdout or []:
                output.write(line)
                follow(line)
            status = process.wait()
        if status != 0:
            lines = self._log.read_text(encoding="utf-8").splitlines()[-TAIL_LINES:]
            tail = "\n".join(f"  {line}" for line in lines)
            raise ImageError(
                f"{failure}: {last_line(self._log)}", f"The end of the log, {self._log}:\n{tail}"
            )


def images_by_service(services: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """A name for people by each image that is built: the last part of the image's own."""
    images = {str(service["image"]) for service in services.values() if "build" in service}
    return {image: image.rpartition("/")[2].partition(":")[0] for image in sorted(images)}


def finished_image(line: str) -> str | None:
    """The image that is complete with this line of BuildKit's."""
    found = NAMED.match(line.strip())
    return found["image"] if found else None
