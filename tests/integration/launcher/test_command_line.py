import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from fleet.services import SERVICES
from launcher.background import PROJECT
from launcher.stack import PARTS
from tests.conftest import free_port

PORTS = (
    "MLFLEET_POSTGRES_PORT",
    "MLFLEET_MLFLOW_PORT",
    *(service.port_setting for service in SERVICES),
)


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Settings of a stack of the test's own; whatever it left running is stopped."""
    own = {name: str(free_port()) for name in PORTS}
    own |= {"MLFLEET_STATE_DIR": str(tmp_path / "a state"), "MLFLEET_POSTGRES_URL": ""}
    yield {**os.environ, **own}
    launch(["down"], {**os.environ, **own})


def launch(
    command: Sequence[str], environment: dict[str, str], stdin: int = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "launcher", "--local", *command],
        cwd=PROJECT,
        env=environment,
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def running(environment: dict[str, str]) -> list[psutil.Process]:
    """Every process that knows the test's state folder or one of its ports."""
    marks = {environment["MLFLEET_STATE_DIR"], environment["MLFLEET_POSTGRES_PORT"]}
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        words = [*(process.info["cmdline"] or []), *(process.info["environ"] or {}).values()]
        if process.pid != os.getpid() and any(mark in word for mark in marks for word in words):
            found.append(process)
    return found


def test_a_taken_port_ends_the_start_before_it_begins(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", int(environment["TRACKING_PORT"]))):
        done = launch(["up"], environment)

    assert done.returncode == 1
    assert f"port {environment['TRACKING_PORT']} (tracking) is in use" in done.stderr
    assert "TRACKING_PORT" in done.stderr.splitlines()[-1]
    assert running(environment) == []


def test_a_service_that_dies_ends_the_start_with_its_log_and_nothing_running(
    environment: dict[str, str],
) -> None:
    done = launch(["up"], environment | {"SIMULATOR_LOG_LEVEL": "loud"})

    assert done.returncode == 1
    first = re.match("(simulator|simulator_worker) ended while it was starting", done.stderr)
    assert first, done.stderr  # the service and its worker both die of it
    assert "SIMULATOR_LOG_LEVEL" in done.stderr
    assert f"{first[1]}.log" in done.stderr
    assert running(environment) == []


def test_interrupting_the_start_leaves_nothing_running(environment: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "launcher", "--local"],
        cwd=PROJECT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while not (Path(environment["MLFLEET_STATE_DIR"]) / "run" / "monitoring.json").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=280)

    assert (process.returncode, errors) == (130, "Stopped by SIGINT.\n")
    assert running(environment) == []


def test_stopping_what_does_not_run_is_no_error(environment: dict[str, str]) -> None:
    done = launch(["down"], environment)

    assert (done.returncode, done.stdout) == (0, "Nothing was running.\n")


def test_the_status_of_a_stack_that_is_down_is_an_exit_status_too(environment: dict[str, str]) -> None:
    done = launch(["status"], environment)

    assert done.returncode == 1
    assert done.stdout.count("stopped") == len(PARTS)


def test_purging_says_what_it_deletes(environment: dict[str, str]) -> None:
    logs = Path(environment["MLFLEET_STATE_DIR"]) / "logs"
    logs.mkdir(parents=True)

    done = launch(["down", "--purge"], environment)

    assert done.returncode == 0
    assert str(logs) in done.stdout
    assert not logs.exists()


def test_who_refuses_to_purge_has_stopped_and_deleted_nothing(environment: dict[str, str]) -> None:
    logs = Path(environment["MLFLEET_STATE_DIR"]) / "logs"
    logs.mkdir(parents=True)
    terminal, stdin = os.openpty()
    os.write(terminal, b"n\n")

    done = launch(["down", "--purge"], environment, stdin)
    os.close(terminal)
    os.close(stdin)

    assert done.returncode == 1
    assert "Nothing was running" not in done.stdout
    assert logs.exists()


@pytest.mark.parametrize("command", ["up", "demo", "down", "status", "logs"])
def test_a_state_folder_that_is_a_file_is_refused_in_a_sentence(
    environment: dict[str, str], tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").touch()

    done = launch([command], environment | {"MLFLEET_STATE_DIR": str(tmp_path / "file")})

    assert done.returncode == 1
    assert "MLFLEET_STATE_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_log_of_an_unknown_service_is_refused_naming_the_known_ones(environment: dict[str, str]) -> None:
    done = launch(["logs", "nothing"], environment)

    assert done.returncode == 1
    assert ", ".join(("mlflow", *(service.name for service in SERVICES))) in done.stderr


def test_pruning_what_is_down_says_how_to_start_it(environment: dict[str, str]) -> None:
    done = launch(["prune", "--dry-run"], environment)

    assert done.returncode == 1
    assert "Start the fleet" in done.stderr
    assert "Traceback" not in done.stderr
