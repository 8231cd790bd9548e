"""Builds and fetches the images."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from rich.console import Console

from fleet.errors import FleetError
from launcher.background import running
from launcher.display import StartDisplay
from launcher.docker.project import Project
from launcher.log_ends import last_line, last_lines


class ImageError(FleetError):
    """An image could not be built or fetched; the message ends with what Docker said."""


def prepare_images(project: Project, log: Path, console: Console) -> None:
    """Fetches what is missing and builds our own, from the cache where nothing changed. Raises ImageError.

    log: all that Docker says meanwhile, written anew each time.
    """
    services = project.config()["services"].values()
    fetched = sorted({str(each["image"]) for each in services if "build" not in each})
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as output:
        with StartDisplay(console, "fetched in") as display:
            for image in filter(project.lacks_image, fetched):
                display.starting(image)
                _run(project, ["docker", "pull", image], output, f"The image {image} could not be fetched")
                display.ready(image)
        said = f"Building the images (minutes the first time; log: {log})"
        console.print(said, soft_wrap=True, highlight=False)
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
