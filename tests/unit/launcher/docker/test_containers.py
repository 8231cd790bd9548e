from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from launcher.docker.containers import Container, readable

READY = Container(
    id="1",
    service="tracking",
    folder=Path("project"),
    status="running",
    health="healthy",
    exit_code=0,
    started_at="2026-01-01T10:00:00.123456789Z",
    restarts=0,
    pid=7,
    killed_for_memory=False,
    ports=frozenset({5002}),
)


def test_it_is_read_from_what_docker_says() -> None:
    said = {
        "Id": "1",
        "Config": {
            "Labels": {
                "com.docker.compose.service": "tracking",
                "com.docker.compose.project.working_dir": "project",
            }
        },
        "HostConfig": {"PortBindings": {"5002/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5002"}]}},
        "RestartCount": 0,
        "State": {
            "Status": "running",
            "Health": {"Status": "healthy"},
            "ExitCode": 0,
            "StartedAt": READY.started_at,
            "Pid": 7,
            "OOMKilled": False,
        },
    }

    assert Container.from_inspection(said) == READY


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({}, False),
        ({"health": "starting"}, False),
        ({"health": "unhealthy"}, True),
        ({"restarts": 1}, True),
        ({"status": "restarting"}, True),
        ({"status": "exited", "health": ""}, False),
        ({"status": "exited", "health": "", "exit_code": 1}, True),
    ],
)
def test_a_container_that_started_badly_is_told_at_once(change: dict[str, object], failed: bool) -> None:
    assert replace(READY, **change).has_failed is failed  # type: ignore[arg-type]


def test_docker_calls_what_ended_unhealthy_too_and_it_is_told_apart() -> None:
    assert replace(READY, status="restarting", health="unhealthy").has_ended
    assert not replace(READY, health="unhealthy").has_ended


def test_what_only_had_something_to_do_is_ready_when_it_is_done() -> None:
    assert replace(READY, status="exited", health="").is_ready
    assert not replace(READY, service="migrate", status="running", health="").is_ready


def test_what_has_nothing_to_check_with_is_ready_when_it_runs() -> None:
    assert replace(READY, service="pushgateway", health="").is_ready
    assert not replace(READY, service="pushgateway", health="", status="restarting").is_ready


def test_a_container_knows_whether_it_was_started_before_a_moment() -> None:
    started = datetime.fromisoformat(READY.started_at).timestamp()
    assert READY.was_started_before(started + 1)
    assert not READY.was_started_before(started - 1)


def test_a_container_that_was_started_again_is_new() -> None:
    again = replace(READY, started_at="2026-01-01T11:00:00Z")

    assert not READY.is_new_since({"1": READY})
    assert again.is_new_since({"1": READY})
    assert READY.is_new_since({})


def test_its_age_is_told_in_minutes() -> None:
    assert READY.minutes(datetime(2026, 1, 1, 10, 30, tzinfo=UTC)) == 30


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, "ready"),
        ({"health": "unhealthy"}, "not ready"),
        ({"status": "restarting"}, "died"),
        ({"status": "exited", "exit_code": 143}, "stopped"),
        ({"status": "exited", "exit_code": 1}, "died"),
        ({"status": "exited", "exit_code": 137, "killed_for_memory": True}, "died"),
        ({"status": "created"}, "stopped"),
        ({"status": "paused"}, "not ready"),
    ],
)
def test_the_table_has_the_words_of_a_local_stack(change: dict[str, object], state: str) -> None:
    assert replace(READY, **change).state == state  # type: ignore[arg-type]


@pytest.mark.parametrize(("said", "shown"), [("120.3MiB ", "120 MiB"), ("1.5GiB", "1536 MiB"), ("0B", "0B")])
def test_memory_is_shown_as_locally(said: str, shown: str) -> None:
    assert readable(said) == shown
