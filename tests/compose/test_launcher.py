"""What `./launch.sh` does with containers, on a real engine."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from launcher.stack import PARTS
from launcher.terminal import WIDTH
from tests.conftest import free_port
from tests.e2e.conftest import PORT_SETTINGS, PROJECT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]  # images may have to be built first

RESOURCES = {
    "container": ["docker", "ps", "--all", "--quiet"],
    "volume": ["docker", "volume", "ls", "--quiet"],
    "network": ["docker", "network", "ls", "--quiet"],
}


@dataclass
class Launcher:
    """A project of the test's own. environment: what its commands are told."""

    project: str
    state: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "launcher", *arguments]

    def launch(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=PROJECT,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )

    def left(self) -> dict[str, list[str]]:
        """All that Docker keeps of the project, by kind."""
        label = f"label=com.docker.compose.project={self.project}"
        return {
            kind: subprocess.check_output([*command, "--filter", label], text=True, timeout=900).split()
            for kind, command in RESOURCES.items()
        }


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Launcher]:
    """A project of which nothing is there yet; nothing of it is left afterwards."""
    project = f"mlfleet-launch-{uuid.uuid4().hex[:8]}"
    state = tmp_path / "a state"
    own = {setting: str(free_port()) for setting in PORT_SETTINGS.values()}
    own |= {"COMPOSE_PROJECT_NAME": project, "MLFLEET_STATE_DIR": str(state), "VERSION": "test"}
    own |= {"MLFLEET_START_SECONDS": "400"}  # other tests may run beside this one
    launcher = Launcher(project, state, {**os.environ, **own})
    yield launcher
    launcher.launch("down", "--purge", "--yes", "--docker")
    assert launcher.left() == {"container": [], "volume": [], "network": []}


def check_that_a_first_key_is_noticed(launcher: Launcher) -> None:
    address = f"http://127.0.0.1:{launcher.environment['SIMULATOR_PORT']}/root/simulator"
    assert requests.get(address, timeout=10).status_code == 200
    key = launcher.launch("key", "add", "robot", "--role", "admin").stdout.strip()
    noticed = launcher.launch("up")
    assert noticed.returncode == 0, noticed.stdout + noticed.stderr
    assert "the services are started again" in noticed.stdout
    assert requests.get(address, timeout=10).status_code == 401
    answer = requests.get(address, headers={"Authorization": f"Bearer {key}"}, timeout=10)
    assert answer.status_code == 200


def test_a_stack_comes_up_is_told_of_goes_down_and_leaves_nothing(launcher: Launcher) -> None:
    first = launcher.launch("--docker", "up")
    assert first.returncode == 0, first.stdout + first.stderr
    assert [part for part in PARTS if f"{part:<{WIDTH}}ready after" not in first.stdout] == []

    again = launcher.launch("up")  # the way is remembered
    assert (again.returncode, again.stderr) == (0, "")
    assert "Everything is up already." in again.stdout
    check_that_a_first_key_is_noticed(launcher)

    status = launcher.launch("status")
    assert status.returncode == 0, status.stdout
    assert [line.split()[:2] for line in status.stdout.splitlines() if "ready" in line] == [
        [part, "ready"] for part in PARTS
    ]
    assert status.stdout.count("MiB") == len(PARTS)

    for name in ("postgres", "db"):
        assert "ready to accept connections" in launcher.launch("logs", name, "-n", "20").stdout
    assert launcher.launch("logs", "migrate").returncode == 0
    assert "tracking" in launcher.launch("logs", "nothing").stderr

    other = launcher.launch("up", "--local")
    assert other.returncode == 1
    assert "./launch.sh down --docker" in other.stderr

    subprocess.run(
        ["docker", "rm", f"{launcher.project}-migrate-1"], check=True, timeout=900
    )  # as a prune does
    assert launcher.launch("logs", "migrate").stderr == ""
    down = launcher.launch("down")
    assert f"Stopped mlflow, {', '.join(PARTS[2:])}, postgres." in down.stdout
    left = launcher.left()
    assert (left["container"], left["network"], len(left["volume"])) == ([], [], 4)
    assert launcher.launch("status").returncode == 1

    shutil.move(launcher.state / "secrets", launcher.state / "elsewhere")
    gone = launcher.launch("up")
    assert gone.returncode == 1
    assert f"{launcher.project}_db" in gone.stderr
    assert "docker volume rm" in gone.stderr
    assert launcher.left() == left
    foreign = launcher.launch("down", "--purge", "--yes", "--docker")
    assert foreign.returncode == 1
    assert "another folder's" in foreign.stderr
    assert launcher.left() == left
    shutil.move(launcher.state / "elsewhere", launcher.state / "secrets")

    purge = launcher.launch("down", "--purge")
    assert "both databases" in purge.stdout
    assert "The images stay" in purge.stdout
    assert launcher.left() == {"container": [], "volume": [], "network": []}
    assert not (launcher.state / "way").exists()


def test_a_taken_port_ends_the_start_before_it_begins(launcher: Launcher) -> None:
    port = launcher.environment["TRACKING_PORT"]
    with socket.create_server(("127.0.0.1", int(port))):
        done = launcher.launch("up", "--docker")

    assert done.returncode == 1
    assert f"port {port} (tracking) is in use" in done.stderr
    assert launcher.left() == {"container": [], "volume": [], "network": []}


def test_another_folders_project_is_left_alone(launcher: Launcher, tmp_path: Path) -> None:
    folder = tmp_path / "another project"
    folder.mkdir()
    (folder / "compose.yml").write_text(
        "services: {idle: {image: 'postgres:17-trixie', entrypoint: [sleep, '600'], init: true}}\n"
    )
    compose = ["docker", "compose", "--project-directory", str(folder), "--project-name", launcher.project]
    subprocess.run([*compose, "up", "--detach"], cwd=folder, check=True, capture_output=True, timeout=900)
    try:
        before = launcher.left()
        for command in (["up"], ["status"], ["down"], ["down", "--purge", "--yes"]):
            done = launcher.launch("--docker", *command)
            assert done.returncode == 1
            assert "COMPOSE_PROJECT_NAME" in done.stderr
        assert launcher.left() == before
    finally:
        subprocess.run(
            [*compose, "down", "--volumes", "--timeout", "1"],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=900,
        )


def test_a_container_that_fails_is_told_in_a_line_and_nothing_stays_up(launcher: Launcher) -> None:
    done = launcher.launch("up", "--docker", SIMULATOR_LOG_LEVEL="loud")

    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    told = re.match("(simulator|simulator_worker) ended while it was starting: ", first)
    assert told, first  # the service and its worker both die of it
    assert "SIMULATOR_LOG_LEVEL" in first
    log = launcher.state / "logs" / f"{told[1]}.log"
    assert second == f"Its whole log: {log}"
    assert "SIMULATOR_LOG_LEVEL" in log.read_text()
    assert launcher.left()["container"] == []


def test_interrupting_the_start_leaves_nothing_running(launcher: Launcher) -> None:
    with subprocess.Popen(
        launcher.command("up", "--docker"),
        cwd=PROJECT,
        env=launcher.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("postgres"):
            assert line, "it ended by itself"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=900)

    assert (process.returncode, errors) == (130, "Stopped by SIGINT.\n")
    assert launcher.left()["container"] == []
    assert launcher.left()["network"] == []
