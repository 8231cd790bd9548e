"""Does a Docker engine with Compose answer here, and if not, why not?"""

import os
import subprocess
from collections.abc import Mapping, Sequence

from fleet.errors import UnavailableError
from launcher.background import PROJECT

ANSWER_SECONDS = 20.0


class EngineUnavailableError(UnavailableError):
    """Containers were asked for, and there is no engine to run them."""


def check_engine() -> None:
    """Raises EngineUnavailableError naming what is missing."""
    if problem := engine_problem():
        raise EngineUnavailableError(problem, "Mend that, or run without containers: ./launch.sh up --local")


def engine_problem() -> str | None:
    """Why containers cannot be run here, in a sentence; None when they can."""
    plain = {**os.environ, "LC_ALL": "C"}
    try:
        engine = ask(["docker", "version", "--format", "{{.Server.Version}}"], plain, ANSWER_SECONDS)
        if engine.returncode != 0:
            return refusal(engine.stderr)
        compose = ask(["docker", "compose", "version", "--short"], plain, ANSWER_SECONDS)
    except FileNotFoundError:
        return "Docker is not installed"
    except PermissionError:
        return refusal("permission denied")
    except subprocess.TimeoutExpired:
        return f"The Docker engine did not answer within {ANSWER_SECONDS:.0f} s"
    if compose.returncode != 0 or not is_version_2(compose.stdout):
        return "Docker is here, but its plugin Compose, version 2 or later, is not"
    return None


def refusal(said: str) -> str:
    """What the client's complaint about the engine means."""
    if "permission denied" in said.lower():
        return "You may not use Docker's socket: your user has to be in the group docker"
    return "The Docker engine is not running, or is not where DOCKER_HOST or the Docker context says"


def is_version_2(said: str) -> bool:
    """Whether what `docker compose version --short` prints is version 2 or later."""
    major = said.strip().removeprefix("v").partition(".")[0]
    return major.isdigit() and int(major) >= 2


def ask(
    command: Sequence[str], environment: Mapping[str, str], seconds: float
) -> "subprocess.CompletedProcess[str]":
    """Runs a docker command to its end. Raises subprocess.TimeoutExpired."""
    return subprocess.run(
        command,
        cwd=PROJECT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        start_new_session=True,  # Ctrl-C is ours to handle
    )
