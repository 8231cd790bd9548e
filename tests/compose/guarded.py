"""A stack that asks for credentials, behind the proxy, with what watches it: as on a network."""

import secrets
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import requests

from client import PATHS, Fleet
from tests.compose.stack import ComposeStack
from tests.conftest import free_port

WATCHERS = ("prometheus", "pushgateway", "alertmanager")  # Grafana's image is not everywhere
FURTHER_PORTS = (
    *("PROMETHEUS_PORT", "PUSHGATEWAY_PORT", "ALERTMANAGER_PORT"),
    *("HTTPS_PORT", "HTTP_PORT"),
)
AUTHORITY = "/var/lib/caddy/pki/authorities/local/root.crt"
# Everything of one's own: whoever asks is the user of the container.
LOOK_AT_PROCESSES = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true"


@dataclass
class GuardedStack(ComposeStack):
    """passwords: of alice, an admin, and bob, a user. key: of robot, an admin."""

    passwords: dict[str, str] = field(
        default_factory=lambda: {name: secrets.token_urlsafe(12) for name in ("alice", "bob")}
    )
    key: str = ""

    def __post_init__(self) -> None:
        self.told |= {name: str(free_port()) for name in FURTHER_PORTS}
        self.told |= {"COMPOSE_PROFILES": "tls", "PROXY_ADDRESS": "127.0.0.1"}

    def start(self) -> None:
        """Make the users, then start all."""
        for name, role in (("alice", "admin"), ("bob", "user")):
            done = self.launch("user", "add", name, "--role", role, typed=f"{self.passwords[name]}\n")
            assert done.returncode == 0, done.stderr
        made = self.launch("key", "add", "robot", "--role", "admin")
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.strip()
        started = self.launch("up")
        assert started.returncode == 0, started.stdout + started.stderr
        self.compose(
            *("--profile", "observability", "up", "-d", "--no-build", "--no-deps", "--wait"), *WATCHERS
        )

    @cached_property
    def fleet(self) -> Fleet:
        """As robot."""
        addresses = {name: self.address(name) for name in PATHS}
        return Fleet(**addresses, api_key=self.key)  # type: ignore[arg-type]  # addresses only

    def call(self, method: str, service: str, path: str = "", **request: Any) -> requests.Response:
        """As robot."""
        request.setdefault("headers", {"Authorization": f"Bearer {self.key}"})
        url = self.address(service) + PATHS[service] + path
        return requests.request(method, url, timeout=120, **request)

    def watcher(self, name: str) -> str:
        """The address of Prometheus, Alertmanager or Pushgateway."""
        return f"http://127.0.0.1:{self.told[f'{name.upper()}_PORT']}"

    def proxy(self, scheme: str = "https") -> str:
        return f"{scheme}://localhost:{self.told[f'{scheme.upper()}_PORT']}"

    def authority(self, folder: Path) -> str:
        """A file with the certificate that vouches for the proxy's."""
        file = folder / "authority.pem"
        file.write_text(self.compose("exec", "-T", "proxy", "cat", AUTHORITY), encoding="ascii")
        return str(file)

    def look_into(self, container: str) -> str:
        """What Docker, the process list and the processes themselves show of a container."""
        seen = [
            _output("docker", "inspect", container),
            _output("docker", "logs", container),
        ]
        if _output("docker", "inspect", "--format", "{{.State.Running}}", container).strip() == "true":
            seen += [
                _output("docker", "top", container, "-eo", "pid,args"),
                _output("docker", "exec", container, "sh", "-c", LOOK_AT_PROCESSES),
            ]
        return "\n".join(seen)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True, timeout=900)
    return (done.stdout + done.stderr).decode(errors="replace")
