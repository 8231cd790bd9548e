"""What dies is started again; what is stopped, or being changed by a command, is left alone."""

import fcntl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from launcher.local.processes import Processes, Service
from launcher.local.supervisor import NAME, Supervisor, supervisor
from tests.integration.launcher.local.test_processes import runs, wait_for

FakeService = Callable[[str, int], Service]


def pid(processes: Processes) -> int | None:
    found = processes.find("fake")
    return found.pid if found else None


def kill(process: psutil.Process) -> None:
    process.kill()
    process.wait()


def is_another(processes: Processes, before: int | None) -> bool:
    return pid(processes) not in {None, before}


@pytest.fixture
def started(processes: Processes, fake_service: FakeService, tmp_path: Path) -> Iterator[psutil.Process]:
    """A service, and a supervisor of it as a process of its own."""
    service = fake_service("silent", 0)
    process = processes.start(service, {})
    processes.start(supervisor(tmp_path, [service], {}), {"PATH": ""})
    yield process
    processes.stop([NAME])


@pytest.mark.usefixtures("started")
def test_what_is_killed_is_started_again_as_it_was(processes: Processes, started: psutil.Process) -> None:
    for _ in range(2):
        before = pid(processes)
        kill(psutil.Process(before))
        wait_for(partial(is_another, processes, before))
    again = processes.find("fake")

    assert again is not None
    assert again.cmdline()[-2:] == ["silent", "0"]
    assert again.environ()["FAKE_SETTING"] == "given"
    log = processes.log(NAME)
    wait_for(lambda: log.read_text().count("fake had died and was started again") == 2)


def test_what_was_stopped_stays_so_and_without_a_record_the_supervisor_ends(
    processes: Processes, started: psutil.Process, tmp_path: Path
) -> None:
    supervising = processes.find(NAME)
    assert supervising is not None
    processes.stop(["fake"])
    time.sleep(1.5)
    assert pid(processes) is None
    assert not runs(started)

    (tmp_path / "run" / f"{NAME}.json").unlink()
    wait_for(lambda: not runs(supervising))


def look_after(service: Service, processes: Processes, folder: Path) -> Supervisor:
    return Supervisor(processes, folder / "lock", [service], {})


def test_while_a_command_is_at_work_nothing_is_started(
    processes: Processes, fake_service: FakeService, tmp_path: Path
) -> None:
    service = fake_service("silent", 0)
    kill(processes.start(service, {}))
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        look_after(service, processes, tmp_path).look()
        assert pid(processes) is None
    look_after(service, processes, tmp_path).look()
    assert pid(processes) is not None


def test_what_was_started_with_other_settings_is_left_to_the_command_that_did(
    processes: Processes, fake_service: FakeService, tmp_path: Path
) -> None:
    service = fake_service("silent", 0)
    kill(processes.start(replace(service, told={"FAKE_SETTING": "newer"}), {}))
    look_after(service, processes, tmp_path).look()
    assert pid(processes) is None


def test_what_dies_again_and_again_is_given_longer_and_longer_pauses(
    processes: Processes, fake_service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, now = fake_service("dies", 0), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    started = []
    monkeypatch.setattr(Processes, "died", lambda self, service: True)
    monkeypatch.setattr(Processes, "start_again", lambda self, service, base: started.append(now[0]))
    look = look_after(service, processes, tmp_path).look
    for second in range(200):
        now[0] = float(second)
        look()
    assert started == [0, 2, 6, 14, 30, 62, 122, 182]


def test_what_it_left_behind_is_ended_first(
    processes: Processes, fake_service: FakeService, tmp_path: Path
) -> None:
    service = fake_service("parent", 0)
    process = processes.start(service, {})
    wait_for(lambda: bool(process.children()))
    (orphan,) = process.children()
    kill(process)

    look_after(service, processes, tmp_path).look()

    assert not runs(orphan)
    assert pid(processes) is not None
