"""Prometheus's own programs: installed, or else out of their images."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

# By program: its image, and the name that Debian gives it.
PROGRAMS = {
    "promtool": ("prom/prometheus:v2.53.3", "promtool"),
    "prometheus": ("prom/prometheus:v2.53.3", "prometheus"),
    "amtool": ("prom/alertmanager:v0.28.1", "amtool"),
    "alertmanager": ("prom/alertmanager:v0.28.1", "prometheus-alertmanager"),
}
TOOLS = ("promtool", "amtool")


@cache
def is_there(program: str) -> bool:
    """Whether the program can be run on this machine without a download."""
    image, installed = PROGRAMS[program]
    return shutil.which(installed) is not None or _is_stored(image)


def command(program: str, folder: Path, *arguments: str) -> list[str]:
    """The command that runs the program in a folder, which it sees under its own path, on this network."""
    image, installed = PROGRAMS[program]
    if shutil.which(installed):
        return [installed, *arguments]
    user = f"{os.getuid()}:{os.getgid()}"
    place = ["--volume", f"{folder}:{folder}", "--workdir", str(folder), "--user", user, "--network", "host"]
    tool = ["--entrypoint", program] if program in TOOLS else []  # the servers are what the images start
    return ["docker", "run", "--rm", "--init", *place, *tool, image, *arguments]


def run(program: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder until it ends."""
    return subprocess.run(
        command(program, folder, *arguments),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _is_stored(image: str) -> bool:
    if shutil.which("docker") is None:
        return False
    found = subprocess.run(
        ["docker", "image", "inspect", image], capture_output=True, check=False, timeout=30
    )
    return found.returncode == 0
