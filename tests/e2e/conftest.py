"""The whole stack, started as a user starts it, on free ports and in a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from client import ADDRESSES, PATHS, Fleet
from fleet.services import SERVICES
from launcher.local.processes import Processes
from tests.conftest import free_port

PROJECT = Path(__file__).parents[2]
PORT_SETTINGS = {
    **{service.name: service.port_setting for service in SERVICES},
    "mlflow": "MLFLEET_MLFLOW_PORT",
    "postgres": "MLFLEET_POSTGRES_PORT",
}
# Whether there is internet or not, tests do not ask the publisher for his files.
NO_RECORDS = dict.fromkeys(
    ("FIRE_BRIGADE_URL_INCIDENT", "FIRE_BRIGADE_URL_MOBILISATION"), "http://127.0.0.1:9/away.xlsx"
)


@dataclass
class Stack:
    """A running stack. ports: by service."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORT_SETTINGS})

    def launch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of launch.sh on this stack."""
        settings = {PORT_SETTINGS[name]: str(port) for name, port in self.ports.items()}
        return subprocess.run(
            [sys.executable, "-m", "launcher", "--local", *arguments],
            cwd=PROJECT,
            env={**os.environ, **settings, **NO_RECORDS, "MLFLEET_STATE_DIR": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def address(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def fire_brigade_password(self, user: str) -> str:
        """Of one of the two users that launch.sh makes."""
        file = self.folder / "secrets" / "fire_brigade_passwords"
        return dict(line.split(": ") for line in file.read_text(encoding="ascii").splitlines())[user]

    @cached_property
    def fleet(self) -> Fleet:
        """Its services, as the client knows them."""
        addresses: dict[str, Any] = {name: self.address(name) for name in ADDRESSES}
        return Fleet(
            **addresses,
            fire_brigade_auth=("admin", self.fire_brigade_password("admin")),
        )

    def call(self, method: str, service: str, path: str = "", **request: Any) -> requests.Response:
        """Send a request to a path below the service's own."""
        return requests.request(method, self.address(service) + PATHS[service] + path, timeout=120, **request)

    def post(self, service: str, path: str = "", /, **body: Any) -> requests.Response:
        return self.call("POST", service, path, json=body)

    def processes(self, service: str) -> list[psutil.Process]:
        """The service's process, then its children."""
        for process in psutil.process_iter(["cmdline"]):
            listening = [c.laddr.port for c in _connections(process) if c.status == psutil.CONN_LISTEN]
            if self.ports[service] in listening:
                parent = process.parent()
                top = parent if parent and service in " ".join(_command(parent)) else process
                return [top, *top.children(recursive=True)]
        return []

    def server_url(self) -> str:
        """SQLAlchemy's URL of the PostgreSQL server, without a database."""
        password = (self.folder / "postgres" / "password").read_text(encoding="ascii").strip()
        return f"postgresql+psycopg2://mlfleet:{password}@127.0.0.1:{self.ports['postgres']}"

    def kill(self, *services: str) -> None:
        """End services without warning, and first of all what would start them again."""
        supervisor = Processes(self.folder / "run", self.folder / "logs").find("supervisor")
        if supervisor is not None:
            supervisor.kill()
        for service in services:
            found = self.processes(service)
            assert found, f"{service} does not run"
            for process in found:
                process.kill()
            psutil.wait_procs(found, 20)


def _connections(process: psutil.Process) -> list[Any]:
    try:
        return process.net_connections("tcp")
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return []


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return []


@pytest.fixture(scope="session")
def long_demos() -> int:
    """How often a demo of minutes is run: again, as what is there already must not matter."""
    return 2


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, up for the whole run; nothing of it is left afterwards."""
    stack = Stack(tmp_path_factory.mktemp("stack") / "state of the fleet")
    started = stack.launch("up")
    assert started.returncode == 0, started.stdout + started.stderr
    yield stack
    stopped = stack.launch("down", "--purge", "--yes")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
