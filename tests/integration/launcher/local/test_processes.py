import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from fleet.whole_files import FileNotWrittenError
from launcher.local.processes import TOKEN, Processes, Service
from tests.full_disk import largest_file

FakeService = Callable[[str, int], Service]


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_a_started_process_is_found_by_its_name(processes: Processes, fake_service: FakeService) -> None:
    started = processes.start(fake_service("silent", 0), {})

    found = processes.find("fake")

    assert found is not None
    assert found.pid == started.pid


def test_a_child_sees_what_it_is_told_and_the_base_and_nothing_else(
    processes: Processes, fake_service: FakeService
) -> None:
    started = processes.start(fake_service("silent", 0), {"BASE": "common"})

    assert set(started.environ()) - {"LC_CTYPE"} == {"BASE", "FAKE_SETTING", TOKEN}


def test_the_output_is_appended_to_the_log(processes: Processes, fake_service: FakeService) -> None:
    for _ in range(2):
        processes.start(fake_service("dies", 0), {}).wait()

    assert processes.log("fake").read_text().count("the reason why it died") == 2


def test_a_log_that_has_grown_large_is_put_aside(
    processes: Processes, fake_service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("launcher.local.processes.LOG_BYTES", 5)
    for _ in range(2):
        processes.start(fake_service("dies", 0), {}).wait()

    assert processes.log("fake").read_text().count("the reason why it died") == 1
    assert processes.log("fake").with_suffix(".log.1").exists()


def test_a_stopped_process_is_gone_and_forgotten(processes: Processes, fake_service: FakeService) -> None:
    started = processes.start(fake_service("silent", 0), {})

    assert processes.stop(["fake"]) == ["fake"]
    assert not started.is_running()
    assert processes.record("fake") is None


def test_a_process_that_ignores_sigterm_is_killed(processes: Processes, fake_service: FakeService) -> None:
    started = processes.start(fake_service("stubborn", 0), {})
    wait_for(lambda: "deaf" in processes.log("fake").read_text())

    processes.stop(["fake"])

    assert not started.is_running()


def runs(process: psutil.Process) -> bool:
    """Whether it is more than a dead orphan that the system has not put away yet."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_grandchildren_in_sessions_of_their_own_are_stopped_too(
    processes: Processes, fake_service: FakeService
) -> None:
    started = processes.start(fake_service("parent", 0), {})
    wait_for(lambda: bool(started.children()))
    (grandchild,) = started.children()

    processes.stop(["fake"])

    assert not runs(grandchild)


def test_what_a_dead_process_left_behind_is_stopped(processes: Processes, fake_service: FakeService) -> None:
    started = processes.start(fake_service("parent", 0), {})
    wait_for(lambda: bool(started.children()))
    (grandchild,) = started.children()
    started.kill()
    started.wait()

    processes.stop(["fake"])

    assert not runs(grandchild)


def test_a_process_that_got_the_same_number_is_left_alone(
    processes: Processes, fake_service: FakeService, tmp_path: Path
) -> None:
    stranger = processes.start(fake_service("silent", 0), {})
    record = tmp_path / "run" / "fake.json"
    kept = record.read_text()
    record.write_text(json.dumps(json.loads(kept) | {"token": "of a process that ended long ago"}))

    assert processes.find("fake") is None
    assert processes.stop(["fake"]) == []
    assert stranger.is_running()

    record.write_text(kept)  # for the fixture to stop it


@pytest.mark.parametrize(
    "damage", [b"", b"\xff\xfe\x00", b'{"pid": ', b"[]", b'{"name": "fake", "pid": "1", "token": 2}', None]
)
def test_a_process_whose_record_was_damaged_is_found_and_stopped(
    processes: Processes, fake_service: FakeService, tmp_path: Path, damage: bytes | None
) -> None:
    started = processes.start(fake_service("silent", 0), {})
    file = tmp_path / "run" / "fake.json"
    file.unlink() if damage is None else file.write_bytes(damage)
    found = processes.find("fake")

    assert found is not None
    assert found.pid == started.pid
    assert processes.stop(["fake"]) == ["fake"]
    assert not started.is_running()
    assert processes.find("fake") is None


def test_a_damaged_record_of_nothing_that_runs_counts_as_none(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "fake.json").write_text('{"pid": ')

    assert processes.find("fake") is None
    assert processes.stop(["fake"]) == []


def test_what_cannot_be_recorded_does_not_run(processes: Processes, fake_service: FakeService) -> None:
    with largest_file(20), pytest.raises(FileNotWrittenError, match="disk is full"):
        processes.start(fake_service("silent", 0), {})
    assert processes.find("fake") is None
