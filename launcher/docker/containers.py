"""What Docker says of a container."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from launcher.stack import POSTGRES

SERVICE_LABEL = "com.docker.compose.service"
UNSEEN = frozenset({"migrate"})  # does something and ends: not a part of the stack that anybody reaches
FOLDER_LABEL = "com.docker.compose.project.working_dir"


@dataclass(frozen=True)
class Container:
    """A container of the project at one moment.

    service: as docker-compose.yml names it. status: created, running, restarting, exited, …
    health: starting, healthy, unhealthy, or nothing where none is checked.
    started_at: of its last start; the same as long as it is not started again.
    said: what the last look at its health brought.
    """

    id: str
    service: str
    folder: Path
    status: str
    health: str
    exit_code: int
    started_at: str
    restarts: int
    pid: int
    killed_for_memory: bool
    ports: frozenset[int]
    said: str = ""

    @classmethod
    def from_inspection(cls, found: Mapping[str, Any]) -> Self:
        """From an object of `docker inspect`'s list."""
        state, labels = found["State"], found["Config"]["Labels"]
        checks = (state.get("Health") or {}).get("Log")
        bindings = [each for some in (found["HostConfig"]["PortBindings"] or {}).values() for each in some]
        return cls(
            id=found["Id"],
            service=labels[SERVICE_LABEL],
            folder=Path(labels.get(FOLDER_LABEL, "")),
            status=state["Status"],
            health=(state.get("Health") or {}).get("Status", ""),
            exit_code=state["ExitCode"],
            started_at=state["StartedAt"],
            restarts=found["RestartCount"],
            pid=state["Pid"],
            killed_for_memory=state["OOMKilled"],
            ports=frozenset(int(each["HostPort"]) for each in bindings if each["HostPort"].isdigit()),
            said=checks[-1]["Output"] if checks else "",
        )

    @property
    def name(self) -> str:
        """As people know it."""
        return POSTGRES if self.service == "db" else self.service

    @property
    def runs(self) -> bool:
        return self.status in {"running", "restarting", "paused"}

    @property
    def was_started(self) -> bool:
        return self.status != "created"

    @property
    def is_ready(self) -> bool:
        """Whether it answers; one that only had something to do is ready when that is done."""
        if self.status == "exited":
            return self.exit_code == 0
        unchecked = not self.health and self.service not in UNSEEN  # the image has nothing to check with
        return self.status == "running" and (unchecked or self.health == "healthy")

    @property
    def has_ended(self) -> bool:
        """Whether it ended in an error, even if it was started again after that."""
        ended = self.status in {"restarting", "dead"} or (self.status == "exited" and self.exit_code != 0)
        return ended or self.restarts > 0

    @property
    def has_failed(self) -> bool:
        """Whether it ended, or does not answer in time."""
        return self.has_ended or self.health == "unhealthy"

    @property
    def state(self) -> str:
        """In the words that a local stack's parts have too."""
        if self.status == "created":
            return "stopped"
        if self.status == "running":
            return "ready" if self.is_ready else "not ready"
        if self.status == "paused":
            return "not ready"
        if self.status in {"restarting", "dead"}:
            return "died"
        # Docker starts again what died, so what has ended was stopped by somebody, by SIGTERM or SIGKILL.
        stopped = self.exit_code in {0, 137, 143} and not self.killed_for_memory
        return "stopped" if stopped else "died"

    def is_new_since(self, before: Mapping[str, "Container"]) -> bool:
        """Whether it was made or started after this moment. before: the containers of then, by id."""
        then = before.get(self.id)
        return then is None or then.started_at != self.started_at

    def minutes(self, now: datetime) -> float:
        """How long it has run; now: with a time zone."""
        return (now - self._started()).total_seconds() / 60

    def was_started_before(self, moment: float) -> bool:
        """moment: seconds since 1970."""
        return self._started().timestamp() < moment

    def _started(self) -> datetime:
        seconds, _, _ = self.started_at.rstrip("Z").partition(".")
        return datetime.fromisoformat(f"{seconds}+00:00")


def readable(used: str) -> str:
    """Docker's "120.3MiB" as the table shows memory: "120 MiB"."""
    for unit, factor in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024)):
        number = used.strip().removesuffix(unit)
        if number != used.strip():
            return f"{float(number) * factor:.0f} MiB"
    return used.strip()
