"""Builds and fetches the images."""

from pathlib import Path

from rich.console import Console

from fleet.errors import FleetError
from launcher.display import StartDisplay
from launcher.docker.background import last_line, running
from launcher.docker.project import Project

TAIL_LINES = 15
STEPS = {
    "fetched": ("pull", "--ignore-buildable", "--policy", "missing"),
    "built": ("--progress", "plain", "build"),  # from the cache where nothing changed
}


class ImageError(FleetError):
    """An image could not be built or fetched; the message ends with what Docker said."""


def prepare_images(project: Project, log: Path, console: Console) -> None:
    """Fetches what is missing and builds our own. Raises ImageError.

    log: all that Docker says meanwhile, written anew each time.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    console.print(
        f"Building the images (minutes the first time; log: {log})", soft_wrap=True, highlight=False
    )
    with log.open("w", encoding="utf-8") as output:
        for done, command in STEPS.items():
            with (
                StartDisplay(console, f"{done} in") as display,
                running(project.compose(*command), project.environment, output) as process,
            ):
                display.starting("images")
                if process.wait() != 0:
                    lines = log.read_text(encoding="utf-8").splitlines()[-TAIL_LINES:]
                    tail = "\n".join(f"  {line}" for line in lines)
                    raise ImageError(
                        f"The images could not be {done}: {last_line(log)}",
                        f"The end of the log, {log}:\n{tail}",
                    )
                display.ready("images")
