"""The whole stack in containers, started as a user starts it, under a project name of its own."""

import json
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import requests

from fleet.services import SERVICES
from tests.e2e.conftest import NO_RECORDS, PORT_SETTINGS, PROJECT, Stack

READY_SECONDS = 180
START_SECONDS = 400
CONTAINERS = ("db", "mlflow", *(service.name for service in SERVICES))
SECRETS = ("postgres_password", "dataset_password", "mlflow_password", "artifact_key")
NOBODY = (
    *("users", "api_keys", "fire_brigade_users", "fire_brigade_password"),
    *(f"{service.name}_key" for service in SERVICES if service.calls_siblings),
)
WEB_SERVICES = tuple(service.name for service in SERVICES if service.path)  # of the loop
# The process below init: a container's own, as a crash of it is what the restart policy is for. `docker kill`
# would count as a wish of the user's, and nothing would be started again.
CRASH = "kill -9 $(cat /proc/1/task/1/children)"


def why_no_docker() -> str | None:
    """Why containers cannot be tested on this machine; None where they can."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        except FileNotFoundError:
            return "Docker is not installed"
        if done.returncode != 0:
            return f"`{' '.join(command)}` says: {done.stderr.strip().splitlines()[-1]}"
    return None


@dataclass
class ComposeStack(Stack):
    """A stack whose parts are containers. project: its Compose project's name. told: further variables."""

    project: str = "mlfleet-test"
    told: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """What its commands are told. Images have a tag of their own: a user's stay as they are."""
        settings = {PORT_SETTINGS[name]: str(port) for name, port in self.ports.items()}
        own = {"COMPOSE_PROJECT_NAME": self.project, "MLFLEET_STATE_DIR": str(self.folder), "VERSION": "test"}
        patience = {"MLFLEET_START_SECONDS": str(START_SECONDS)}  # of machines that do other things too
        return {**os.environ, **settings, **NO_RECORDS, **own, **patience, **self.told}

    def launch(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return self._run([sys.executable, "-m", "launcher", "--docker", *arguments], typed)

    def compose(self, *arguments: str, **more: str) -> str:
        """Run a command of docker compose, which must succeed, and return what it prints."""
        done = self._run(["docker", "compose", *arguments], **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _run(self, command: list[str], typed: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=PROJECT,
            env={**self.environment(), **more},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    def kill(self, *services: str) -> None:
        """End containers without warning; they stay away until somebody starts them."""
        self.compose("kill", *("db" if name == "postgres" else name for name in services))

    def containers(self) -> list[str]:
        """Ids of all there are."""
        label = f"label=com.docker.compose.project={self.project}"
        return subprocess.check_output(
            ["docker", "ps", "-aq", "--filter", label], text=True, timeout=900
        ).split()

    def make_secrets(self) -> None:
        """What ./launch.sh makes on first use, for those that start without it."""
        folder = self.folder / "secrets"
        folder.mkdir(mode=0o700, parents=True)
        for name in SECRETS:
            (folder / name).write_text(secrets.token_hex(32), encoding="ascii")
        for name in NOBODY:
            (folder / name).touch()

    def crash(self, container: str) -> None:
        """End a container's process without warning; Docker is to start it again."""
        user = ["--user", "postgres"] if container == "db" else []
        # The shell ends with the container that it is in: its status says nothing.
        self._run(["docker", "compose", "exec", "-T", *user, container, "sh", "-c", CRASH])

    def inspect(self, container: str) -> Any:
        """What Docker knows of a container."""
        identity = self.compose("ps", "-a", "-q", container).split()[0]
        return json.loads(subprocess.check_output(["docker", "inspect", identity], text=True, timeout=900))[0]

    def wait_until_ready(self, *services: str) -> None:
        """Returns when every one of them answers that it is ready."""
        deadline = time.monotonic() + READY_SECONDS
        for name in services or WEB_SERVICES:
            while not self.is_ready(name):
                assert time.monotonic() < deadline, f"{name} was not ready in time:\n{self.log(name)}"
                time.sleep(0.2)

    def is_ready(self, service: str) -> bool:
        path = "/health" if service == "mlflow" else "/health/ready"
        try:
            return requests.get(self.address(service) + path, timeout=10).status_code == 200
        except requests.RequestException:
            return False

    def log(self, container: str) -> str:
        return self.compose("logs", "--no-log-prefix", "--tail", "30", container)

    def sql(self, statement: str, database: str = "dataset") -> str:
        """Run a statement as the server's own user; the answer without decoration."""
        return self.compose(
            *("exec", "-T", "db", "psql", "-U", "postgres", "-d", database, "-v", "ON_ERROR_STOP=1"),
            *("-tA", "-c", statement),
        ).strip()

    def server_url(self) -> str:
        networks = self.inspect("db")["NetworkSettings"]["Networks"]
        address = next(network["IPAddress"] for network in networks.values())
        password = (self.folder / "secrets" / "postgres_password").read_text(encoding="ascii").strip()
        return f"postgresql+psycopg2://postgres:{password}@{address}:5432"
