"""Starts again whatever of the stack has died, as Docker does: `python -m launcher.local.supervisor`.

`up` starts it last. It does nothing while a command of `./launch.sh` changes the stack, and ends by itself
once another has taken its place.
"""

import fcntl
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from fleet.errors import FleetError
from launcher.local.processes import TOKEN, Processes, Service

NAME = "supervisor"
PLAN = "MLFLEET_PLAN"  # a variable, as only a process's owner may read those; the plan has secrets
LOOK_EVERY_S = 1.0
REMEMBERED_S, LONGEST_PAUSE_S = 600.0, 60.0


def supervisor(state_dir: Path, services: Sequence[Service], base: Mapping[str, str]) -> Service:
    """The process that sees to these. base: the environment of each, besides its own settings."""
    plan = {
        "state": str(state_dir.resolve()),
        "services": [asdict(service) for service in services],
        "base": dict(base),
    }
    return Service(NAME, (sys.executable, "-m", __name__), told={PLAN: json.dumps(plan)})


class Supervisor:
    """Looks after these services. lock: the file that a command holds while it changes the stack."""

    def __init__(
        self, processes: Processes, lock: Path, services: Sequence[Service], base: Mapping[str, str]
    ) -> None:
        self._processes = processes
        self._lock = lock
        self._services = services
        self._base = base
        self._restarts: dict[str, list[float]] = {}

    def look(self) -> None:
        """Starts again what has died, unless it does so too often or a command is at work."""
        for service in self._services:
            if self._processes.died(service) and self._is_due(service.name):
                self._start_again(service)

    def is_wanted(self, token: str) -> bool:
        """Whether this is still the process that is recorded as the stack's. token: this one's own."""
        record = self._processes.recorded(NAME)
        return record is not None and record.token == token

    def _is_due(self, name: str) -> bool:
        now = time.monotonic()
        recent = [moment for moment in self._restarts.get(name, []) if now - moment < REMEMBERED_S]
        self._restarts[name] = recent
        return not recent or now - recent[-1] >= min(2.0 ** len(recent), LONGEST_PAUSE_S)

    def _start_again(self, service: Service) -> None:
        with self._lock.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if not self._processes.died(service):  # a command saw to it meanwhile
                return
            self._restarts[service.name].append(time.monotonic())
            try:
                self._processes.start_again(service, self._base)
                _say(f"{service.name} had died and was started again")
            except FleetError as error:
                _say(f"{service.name} has died and cannot be started: {error.error}. {error.message}")


def main() -> None:
    plan = json.loads(os.environ[PLAN])
    state = Path(plan["state"])
    services = [Service(**each) for each in plan["services"]]
    processes = Processes(state / "run", state / "logs")
    supervisor = Supervisor(processes, state / "lock", services, plan["base"])
    time.sleep(LOOK_EVERY_S)  # until who started it has written that down
    while supervisor.is_wanted(os.environ[TOKEN]):
        supervisor.look()
        time.sleep(LOOK_EVERY_S)


def _say(line: str) -> None:
    print(time.strftime("%Y-%m-%d %H:%M:%S"), line, flush=True)  # noqa: T201  # into its log


if __name__ == "__main__":
    main()
