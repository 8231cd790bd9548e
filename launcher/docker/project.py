"""The containers, volumes and networks of one Compose project, through the `docker` command."""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from dotenv import dotenv_values

from fleet.errors import ConflictError, FleetError
from launcher.background import PROJECT
from launcher.docker.containers import Container, readable
from launcher.docker.engine import ask
from launcher.settings import LauncherSettings

LABEL = "com.docker.compose.project"
DEFAULT_NAME = "mlfleet"  # in docker-compose.yml
SIZES_SECONDS = 10.0
ANSWER_SECONDS = 180.0  # a busy machine takes its time to stop six containers


class DockerCommandError(FleetError):
    """A docker command failed; the error is the last line that it wrote."""


class ForeignProjectError(ConflictError):
    """A project of the same name belongs to another folder."""


class Project:
    """Everything that Docker keeps under the project's name.

    environment: what Compose sees besides .env, which it reads itself.
    """

    def __init__(self, settings: LauncherSettings) -> None:
        self.name = settings.project_name
        self.environment = compose_environment(settings, os.environ)

    def compose(self, *arguments: str) -> list[str]:
        """The command line of `docker compose` with these arguments."""
        # The name is in the environment: told by an option, Compose would not read docker-compose.yml for
        # `down` and `logs`, and refuse both where a container of it has been removed by hand.
        return ["docker", "compose", "--project-directory", str(PROJECT), *arguments]

    def run(self, command: Sequence[str], timeout: float = ANSWER_SECONDS) -> str:
        """What the command prints. Raises DockerCommandError, also when it takes longer than `timeout`."""
        advice = f"The command was {' '.join(command)}"
        try:
            done = ask(command, self.environment, timeout)
        except subprocess.TimeoutExpired as error:
            raise DockerCommandError(f"Docker did not answer within {timeout:.0f} s", advice) from error
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            raise DockerCommandError(f"Docker refuses: {said[-1].strip()}", advice)
        return done.stdout

    def become(self, command: list[str]) -> NoReturn:
        """Replaces this process by the command."""
        os.chdir(PROJECT)
        os.execvpe(command[0], command, self.environment)  # noqa: S606  # no shell is wanted

    def config(self) -> dict[str, Any]:
        """docker-compose.yml as Compose understands it, every variable filled in."""
        content: dict[str, Any] = json.loads(self.run(self.compose("config", "--format", "json")))
        return content

    def containers(self) -> dict[str, Container]:
        """All there are, running or not, by id. Raises ForeignProjectError if they are another folder's."""
        found = {each["Id"]: Container.from_inspection(each) for each in self._inspect()}
        self._check_folders(found.values())
        return found

    def memory(self, ids: Sequence[str]) -> dict[str, str]:
        """What each of these containers uses, by id."""
        if not ids:
            return {}
        found = {}
        with suppress(DockerCommandError):  # one of them has just gone; the rest is of use without
            said = self.run(["docker", "stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", *ids])
            for line in said.splitlines():
                stats = json.loads(line)
                found[stats["ID"]] = readable(stats["MemUsage"].partition("/")[0])
        return found

    def volumes(self) -> list[str]:
        """Names of all volumes there are."""
        return self.run(["docker", "volume", "ls", "-q", "--filter", f"label={LABEL}={self.name}"]).split()

    def volume_sizes(self) -> dict[str, str]:
        """Sizes of volumes, for people, where Docker tells them soon."""
        try:
            said = self.run(["docker", "system", "df", "-v", "--format", "json"], timeout=SIZES_SECONDS)
            return {volume["Name"]: volume["Size"] for volume in json.loads(said)["Volumes"] or []}
        except (DockerCommandError, ValueError, LookupError, TypeError):
            return {}  # older engines tell it in no form of use; the names alone say enough

    def lacks_image(self, image: str) -> bool:
        """Whether the engine has still to fetch it."""
        command = ["docker", "image", "inspect", image]
        return subprocess.run(command, env=self.environment, capture_output=True, check=False).returncode != 0

    def write_log(self, container: Container, file: Path) -> None:
        """Writes all that the container logged, anew."""
        command = ["docker", "logs", container.id]
        with file.open("w", encoding="utf-8") as output:
            subprocess.run(
                command, env=self.environment, stdout=output, stderr=subprocess.STDOUT, check=False
            )

    def stop(self, ids: Sequence[str], seconds: str) -> None:
        """Stops and removes these containers."""
        if ids:
            self.run(["docker", "stop", "-t", seconds, *ids])
            self.run(["docker", "rm", "--force", *ids])

    def name_is_default(self) -> bool:
        """Whether `docker compose`, called in the project's folder by hand, would find this name itself."""
        return (dotenv_values(PROJECT / ".env").get("COMPOSE_PROJECT_NAME") or DEFAULT_NAME) == self.name

    def _inspect(self) -> Any:
        question = ["docker", "ps", "-aq", "--no-trunc", "--filter", f"label={LABEL}={self.name}"]
        for last in (False, False, False, True):
            ids = self.run(question).split()
            try:
                return json.loads(self.run(["docker", "inspect", *ids])) if ids else []
            except DockerCommandError:  # one of them has gone since the question
                if last:
                    raise
        return []

    def _check_folders(self, found: Iterable[Container]) -> None:
        others = {each.folder for each in found if each.folder.resolve() != PROJECT}
        if others:
            raise ForeignProjectError(
                f"The Docker project {self.name} belongs to another folder, {sorted(others)[0]}",
                "Give this one another name: COMPOSE_PROJECT_NAME, in the environment or in .env",
            )


def compose_environment(settings: LauncherSettings, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of `docker compose`: the launcher's settings, however they were given, as variables."""
    told = {
        "COMPOSE_PROJECT_NAME": settings.project_name,
        "MLFLEET_STATE_DIR": settings.state_dir,
        "MLFLEET_MLFLOW_PORT": settings.mlflow_port,
        **settings.service_ports,
        "PUBLISH_ADDRESS": settings.publish_address,
        "TOOLS_ADDRESS": settings.tools_address,
    }
    # Attestations would give every build a new image, and every `up` new containers.
    own = {"BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "COMPOSE_MENU": "false"}
    return {**environment, **own, **{name: str(value) for name, value in told.items()}}
