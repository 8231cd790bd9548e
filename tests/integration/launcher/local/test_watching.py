import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from launcher.local.processes import Processes, Service
from launcher.local.watching import ServiceFailedError, wait_until_ready
from tests.conftest import free_port

FakeService = Callable[[str, int], Service]


def test_it_returns_when_the_service_answers(processes: Processes, fake_service: FakeService) -> None:
    service = fake_service("answers", free_port())
    ready: list[Service] = []

    wait_until_ready([(service, processes.start(service, {}))], processes.log, ready.append, 20)

    assert ready == [service]


def test_a_death_during_the_start_ends_the_wait_at_once_with_the_log(
    processes: Processes, fake_service: FakeService
) -> None:
    service = fake_service("dies", free_port())
    begun = time.monotonic()

    with pytest.raises(ServiceFailedError, match="fake ended while it was starting") as caught:
        wait_until_ready([(service, processes.start(service, {}))], processes.log, lambda _: None, 60)

    assert time.monotonic() - begun < 10
    assert "the reason why it died" in caught.value.message
    assert str(processes.log("fake")) in caught.value.message


def test_a_service_that_never_answers_is_named_when_time_is_up(
    processes: Processes, fake_service: FakeService
) -> None:
    service = fake_service("silent", free_port())

    with pytest.raises(ServiceFailedError, match="fake was not ready within 1 s"):
        wait_until_ready([(service, processes.start(service, {}))], processes.log, lambda _: None, 1)


def test_a_worker_is_ready_when_it_lives_and_the_services_are_ready(
    processes: Processes, fake_service: FakeService
) -> None:
    server = fake_service("answers", free_port())
    worker = replace(fake_service("silent", 0), name="fake_worker")
    ready: list[Service] = []
    try:
        started = [(worker, processes.start(worker, {})), (server, processes.start(server, {}))]
        wait_until_ready(started, processes.log, ready.append, 20)
    finally:
        processes.stop(["fake_worker"])

    assert ready == [server, worker]


def test_a_worker_that_dies_at_its_start_ends_the_wait(
    processes: Processes, fake_service: FakeService
) -> None:
    worker = fake_service("dies", 0)
    process = processes.start(worker, {})
    process.wait()

    with pytest.raises(ServiceFailedError, match="fake ended while it was starting"):
        wait_until_ready([(worker, process)], processes.log, lambda _: None, 20)
