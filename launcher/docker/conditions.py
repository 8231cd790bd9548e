"""How the containers of the stack are."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from launcher.docker.containers import UNSEEN, Container
from launcher.docker.project import DockerCommandError, Project
from launcher.stack import PARTS, Condition


def container_conditions(project: Project, addresses: Mapping[str, str]) -> list[Condition]:
    """How each part is at this moment. addresses: by people's names."""
    containers = {each.name: each for each in project.containers().values()}
    names = [*PARTS, *sorted(containers.keys() - UNSEEN - set(PARTS))]  # what profiles add comes last
    parts = {name: each for name, each in containers.items() if name in names}
    memory = _memory(project, [each.id for each in parts.values() if each.runs])
    now = datetime.now(UTC)
    return [_condition(name, parts.get(name), addresses.get(name, ""), memory, now) for name in names]


def state_of(container: Container | None) -> str:
    """In the words that a local stack's parts have too."""
    if container is None or container.status == "created":
        return "stopped"
    if container.status == "running":
        return "ready" if container.is_ready else "not ready"
    if container.status == "paused":
        return "not ready"
    if container.status in {"restarting", "dead"}:
        return "died"
    # Docker starts again what died, so what has ended was stopped by somebody, by SIGTERM or SIGKILL.
    stopped = container.exit_code in {0, 137, 143} and not container.killed_for_memory
    return "stopped" if stopped else "died"


def _condition(
    name: str, container: Container | None, address: str, memory: Mapping[str, str], now: datetime
) -> Condition:
    if container is None or not container.runs:
        return Condition(name, state_of(container), address)
    used = memory.get(container.id, "")
    return Condition(name, state_of(container), address, container.pid, used, container.minutes(now))


def _memory(project: Project, ids: Sequence[str]) -> dict[str, str]:
    """What each container uses, by id."""
    if not ids:
        return {}
    found = {}
    with suppress(DockerCommandError):  # one of them has just gone; the table is of use without
        said = project.run(["docker", "stats", "--no-stream", "--no-trunc", "--format", "{{json .}}", *ids])
        for line in said.splitlines():
            stats = json.loads(line)
            found[stats["ID"]] = readable(stats["MemUsage"].partition("/")[0])
    return found


def readable(used: str) -> str:
    """Docker's "120.3MiB" as the table shows memory: "120 MiB"."""
    for unit, factor in (("GiB", 1024.0), ("MiB", 1.0), ("KiB", 1 / 1024)):
        number = used.strip().removesuffix(unit)
        if number != used.strip():
            return f"{float(number) * factor:.0f} MiB"
    return used.strip()
